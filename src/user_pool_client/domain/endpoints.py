"""The host names and URLs that follow from a Region and a user pool."""

# Of the partitions that Cognito is or may come to; a contract test compares them with botocore's.
_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}

# Their hosts end as those of the partition `aws` do, so a name without a Region is that partition's.
_WITHOUT_OWN_SUFFIX = ("us-gov-",)


def issuer(pool_id: str) -> str:
    """Return the URL that names a user pool in its tokens."""
    region = pool_id.partition("_")[0]
    return f"https://cognito-idp.{region}.{dns_suffix(region)}/{pool_id}"


def jwks_uri(pool_id: str) -> str:
    """Return the URL of the keys that a user pool signs its tokens with."""
    return f"{issuer(pool_id)}/.well-known/jwks.json"


def discovery_url(pool_id: str) -> str:
    """Return the URL of a user pool's OpenID Connect discovery document."""
    return f"{issuer(pool_id)}/.well-known/openid-configuration"


def dns_suffix(region: str) -> str:
    """Return what the names of AWS's hosts end with in a Region."""
    return next((suffix for prefix, suffix in _DNS_SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")


def has_own_dns_suffix(region: str) -> bool:
    """Tell whether a host's name that has this suffix and no Region is of this Region's partition."""
    return not region.startswith(_WITHOUT_OWN_SUFFIX)
