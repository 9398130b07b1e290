"""Mutation testing: small changes to the source, each tested with the tests of its area: `./dev mutate`.

- `mutants`: the possible changes to a file, and a sample of them.
- `areas`: the tests for a file.
- `reach`: the tests that reach a change: only these run.
- `run`: the copy of the checkout in which a mutant is tested.

Existing tools do not fit: mutmut 3 changes only the bodies of functions, and much of this library is tables;
cosmic-ray has one test command per session, and each folder here has its own tests; neither takes a sample.
"""
