"""The tokens of an OIDC issuer, where a deployment accepts them."""

import logging

from tickwell.application.ports import ForeignTokens
from tickwell.domain.outbound import OutboundRules
from tickwell.settings.shared import OidcSettings


def foreign_tokens(settings: OidcSettings) -> ForeignTokens | None:
    """None without an issuer; nothing of it is loaded then, for it needs a package that is not always there."""
    issuer, audience = settings.oidc_issuer, settings.oidc_audience
    if issuer is None or audience is None:
        return None
    from tickwell.adapters.guarded_http import GuardedHttp
    from tickwell.adapters.oidc_keys import OidcKeys
    from tickwell.adapters.oidc_tokens import OidcTokens

    logging.getLogger("httpx2").setLevel(logging.WARNING)
    rules = OutboundRules.allowing(settings.allow_private_hosts)
    return OidcTokens(issuer, audience, OidcKeys(issuer, GuardedHttp(rules), rules))
