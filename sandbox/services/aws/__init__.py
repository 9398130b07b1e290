"""AWS on loopback: moto's server, patched where it differs from AWS."""

import os
from functools import cache

from botocore.loaders import JSONFileLoader

ACCOUNT = "123456789012"
"""The account id of the sandbox."""

# Settings of moto, of which it reads some when it is imported.
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
# Every account has AWS's managed policies, which moto does not load by default.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# moto's sessions share the models of AWS's APIs, each of which would load EC2's again.
_load = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _load(path)
