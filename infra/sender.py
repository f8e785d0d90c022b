"""Mail from an address of one's own, by Amazon SES: what the function that mails needs for it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.mailbox import domains
from infra.config.settings import Settings
from infra.shared.iam import Statement, allow, beside, default_bus

EVENTS = ["BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "DELIVERY_DELAY"]


@dataclass(frozen=True, kw_only=True)
class SenderArgs:
    """The address of the settings is verified in SES, or one of its domains is."""

    state_machine_arn: pulumi.Input[str]
    settings: Settings


class Sender(pulumi.ComponentResource):
    """A configuration set of its own, without tracking: links stay as they are. The identity is yours."""

    configuration_set: pulumi.Output[str]

    def __init__(self, name: str, args: SenderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:sender:Sender", name, None, opts)
        self._settings, self._machine = args.settings, pulumi.Output.from_input(args.state_machine_arn)

        # The provider makes up no name. The state machine's random end is unique in an account.
        label = args.settings.label.replace(".", "_")
        made = aws.sesv2.ConfigurationSet(
            f"{name}-set",
            configuration_set_name=self._machine.apply(lambda arn: f"{label}-{arn.rpartition('-')[2]}"),
            # Or what the account has set would put an image into each mail.
            # https://docs.aws.amazon.com/ses/latest/dg/vdm-settings.html
            vdm_options={"dashboard_options": {"engagement_metrics": "DISABLED"}},
            opts=pulumi.ResourceOptions(parent=self),
        )

        # SES sends to the default bus only.
        # https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
        aws.sesv2.ConfigurationSetEventDestination(
            f"{name}-events",
            configuration_set_name=made.configuration_set_name,
            event_destination_name="eventbridge",
            event_destination={
                "enabled": True,
                "matching_event_types": EVENTS,
                "event_bridge_destination": {"event_bus_arn": self._machine.apply(default_bus)},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.configuration_set = made.configuration_set_name
        self.register_outputs({"configuration_set": self.configuration_set})

    @property
    def values(self) -> dict[str, pulumi.Input[str]]:
        """What of `MailSettings` says that mails go by this; whom by, the stack's settings say themselves."""
        own_domains = " ".join(self._settings.own_domains)
        return {"topic_arn": "", "configuration_set": self.configuration_set, "own_domains": own_domains}

    def send_statement(self) -> Statement:
        """To send from this address, whichever of it and its domains is verified, with this configuration set only.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
        """
        ses, address = self._machine.apply(lambda arn: beside(arn, "ses")), self._settings.mail_from
        identities = [pulumi.Output.concat(ses, ":identity/", one) for one in (address, *domains(address))]
        ours = pulumi.Output.concat(ses, ":configuration-set/", self.configuration_set)
        from_address = {"StringEquals": {"ses:FromAddress": address}}
        return allow("SendMail", ["ses:SendEmail"], [*identities, ours], condition=from_address)
