"""A company with nobody at the other end: the smallest configuration that a daemon runs with.

Its secrets are in ``TRUEUP_TEST_SECRET``, or nowhere.
"""

CONFIG = """
version: 1
instance: acme
company: {display_name: Acme, timezone: UTC, home_currency: USD}
state_dir: state
qbo:
  environment: sandbox
  base_url: http://127.0.0.1:9
  token_url: http://127.0.0.1:9/token
  realm_id: "1"
  client_id: {env: TRUEUP_TEST_SECRET}
  client_secret: {env: TRUEUP_TEST_SECRET}
  refresh_token: {env: TRUEUP_TEST_SECRET}
dear:
  account_id: "1"
  application_key: {env: TRUEUP_TEST_SECRET}
  base_url: http://127.0.0.1:9
  native_link: none
"""
