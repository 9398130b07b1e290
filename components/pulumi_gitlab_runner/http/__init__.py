"""An HTTP client with limits on time, memory and redirects, whatever the other side sends.

Every request to a registry, to GitLab and to a Docker Engine goes through `client.HttpClient`. It uses the
standard library only, which the doctor loads in a fraction of the time of an HTTP library.
"""
