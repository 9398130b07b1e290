"""An Auto Scaling group over time, where no test of a deployment covers it."""

from sandbox.services.aws.autoscaling.simulation import LAUNCHING, LONGEST_WAIT, Group, Hook


class World:
    """Launches instances that never complete their launch by themselves."""

    def launch(self, zone: str) -> str:
        return "i-1"

    def terminate(self, instance: str) -> None:
        """Do nothing."""

    def version(self) -> object:
        return 1

    def ready_after(self, instance: str) -> float | None:
        return None


def test_heartbeats_extend_a_wait_to_48_hours_at_most() -> None:
    group = Group(World(), ("a",), desired=1)
    group.put_hook(Hook("boot", LAUNCHING, timeout=7200))
    group.settle()
    began = group.now
    while group.now + 3600 < began + LONGEST_WAIT:
        group.advance(group.now + 3600)
        group.heartbeat("boot", "i-1", None)
    (instance,) = group.instances
    assert instance.waits["boot"].until == began + LONGEST_WAIT == 48 * 3600
    assert instance.pending
