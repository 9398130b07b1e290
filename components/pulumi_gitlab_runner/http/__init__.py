"""Questions over HTTP that end: in time, in memory and in redirects, whatever the other side sends.

Every question to a registry, to GitLab and to a Docker Engine goes through `client.HttpClient`. It is made
of the standard library alone, which the doctor loads in a fraction of the time of an HTTP library.
"""
