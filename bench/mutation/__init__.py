"""Do the tests notice a fault? Small changes to the source, each tried on its area's tests: `./dev mutate`.

- `mutants`: the changes that can be made to a file, and a sample of them.
- `areas`: which tests are for a file.
- `reach`: which of them reach a change: the others are not run.
- `run`: a copy of the checkout in which a mutant is tried.

Written here because the kept tools do not fit: mutmut 3 changes the bodies of functions alone, and much of
this library is tables; cosmic-ray has one test command a session, and each folder here has its own tests;
neither takes a sample.
"""
