"""The stand-in for the official GitLab provider: runners and CI variables, over GitLab's REST API.

Requests, stored properties and replacements are those of terraform-provider-gitlab 19, on which
pulumi-gitlab 10 is based.
"""
