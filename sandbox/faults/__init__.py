"""What a fault or a crash in the middle of an update leaves behind: the harness behind `./dev faults`.

A scenario is one changing call of an `up` and one way in which it fails. The engine's providers speak to the
services through a proxy, which fails that call. Then the stack is brought up again as a person would do it,
`runner-doctor leftovers` is asked, and the stack goes down. What is there then was left over.

- `calls`: what a request asks for, and whether it changes something.
- `proxy`: between providers and services; fails a call.
- `scenario`: one call and one way, from an empty account to an empty account.
- `matrix`: all scenarios, or a sample, and the table of what became of them.
"""
