"""The leftovers of a fault or a crash during an update: the test harness of `./dev faults`.

A scenario is one mutating call of an `up` and one way in which it fails. The engine's providers connect to
the services through a proxy, which fails that call. Then the stack is brought up again as a user would do it,
`runner-doctor leftovers` runs, and the stack is destroyed. Resources that exist then are leftovers.

- `calls`: the service, action and resource of a request, and whether it mutates.
- `proxy`: the proxy between providers and services, which fails a call.
- `scenario`: one call and one way to fail, from an empty account to an empty account.
- `matrix`: all scenarios, or a sample, and the table of their outcomes.
"""
