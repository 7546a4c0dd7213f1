"""Put a template into a CDK app, for cdk-nag to look at: `python -m tools.audit.cdk_nag_app TEMPLATE OUT`."""

import sys
from contextlib import suppress

import aws_cdk as cdk  # type: ignore[import-not-found] # only where the scanners are installed
import cdk_nag  # type: ignore[import-not-found] # only where the scanners are installed
from aws_cdk.cloudformation_include import CfnInclude  # type: ignore[import-not-found] # as above


def main(template: str, assembly: str) -> None:
    """Write cdk-nag's report, validation-report.json, into the cloud assembly."""
    app = cdk.App(outdir=assembly)
    CfnInclude(cdk.Stack(app, "provider"), "template", template_file=template)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # that there are findings: the report has them
        app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:])
