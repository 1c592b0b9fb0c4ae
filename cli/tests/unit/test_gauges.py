"""What `crossdock top` reads of metrics, and how it tells it."""

from rich.console import Console

from crossdock_cli.board import drawn
from crossdock_cli.gauges import Gauge, Look, _rate, samples, total

PAGE = """\
# HELP crossdock_consumed_total Messages taken from a durable
crossdock_consumed_total{domain="warehouse"} 58.0
crossdock_consumed_total{domain="transport"} 170.0
crossdock_breaker_state{system="nordfreight"} 2.0
crossdock_outbox_age_seconds 1.5
crossdock_consumed_created{domain="warehouse"} 1.7959829861324651e+09
"""


def test_samples_are_read_with_their_labels() -> None:
    found = samples(PAGE)
    assert total(found, "crossdock_consumed_total") == 228.0
    assert ("crossdock_breaker_state", {"system": "nordfreight"}, 2.0) in found
    assert total(found, "crossdock_outbox_age_seconds") == 1.5


def test_rate_survives_a_restart() -> None:
    before, now = samples("a_total 100.0\n"), samples("a_total 160.0\n")
    assert _rate(now, before, "a_total", 2.0) == 30.0
    assert _rate(samples("a_total 8.0\n"), before, "a_total", 2.0) == 4.0


def test_picture_names_what_is_wrong() -> None:
    well = Gauge("order-release", ready=True, why="", lag=0, published_per_second=2.5, breakers={"ERP": "closed"})
    ill = Gauge("carrier-gateway", ready=False, why="does not answer", lag=None, dead=3, breakers={"DHL": "open"})
    console = Console(width=140, record=True, file=None, quiet=False)
    with console.capture() as caught:
        console.print(drawn(Look(0.0, [well, ill], {"picked": 4, "completed": 9}, None)))
    text = caught.get()
    assert "2.5 events/s · 4 orders open · 9 completed · 3 failed · the tower does not answer" in text
    assert "carrier-gateway: does not answer" in text
    assert "DHL open" in text
