"""An HTTP client with limits on time, memory and redirects, also for malicious servers.

Every request to a registry, to GitLab and to a Docker Engine goes through `client.HttpClient`. It uses only
the standard library, which the doctor imports in a fraction of the time of an HTTP library.
"""
