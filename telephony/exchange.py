"""Several telephone systems behind one face: each order goes to the node it concerns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from dispatch.domain.call_ports import (
    BringIn,
    CallBackOrder,
    CallerMark,
    OutboundCall,
    Telephones,
    TrunkTrial,
)
from dispatch.domain.call_terms import ListenMode, TrunkState
from dispatch.domain.errors import DialerUnavailable, HotlineError, TelephonyUnavailable
from dispatch.domain.ports import FollowUpCall, Seat
from dispatch.domain.switch_plan import SwitchPlan
from telephony.connector import ConnectorStatus, TelephonyConnector


class Exchange:
    """Every node's connector by its name, used as if there were one telephone system.

    `homes` says at which node an extension registers; `settle` is told once where a seat is at
    home that its row does not know yet.
    """

    def __init__(
        self,
        nodes: Mapping[str, TelephonyConnector],
        homes: Mapping[str, str],
        settle: Callable[[str, str], None],
    ) -> None:
        self.nodes = nodes
        routes = Routes(nodes, homes)
        self.seats = RoutedSeats(routes, settle)
        self.dialer = RoutedDialer(routes)
        self.telephones = Telephones(
            desk=RoutedDesk(routes),
            supervising=RoutedSupervising(routes),
            call_backs=RoutedCallBacks(routes),
            marks=EveryNodesMarks(routes),
            switch=RoutedSwitch(routes),
        )

    def start(self) -> None:
        """Begin to connect to every node and return at once."""
        for connector in self.nodes.values():
            connector.start()

    def stop(self) -> None:
        """End every connection."""
        for connector in self.nodes.values():
            connector.stop()

    def status(self) -> dict[str, ConnectorStatus]:
        """How each node is doing."""
        return {name: connector.status() for name, connector in self.nodes.items()}


class Routes:
    """Finds the node of an order."""

    def __init__(self, nodes: Mapping[str, TelephonyConnector], homes: Mapping[str, str]) -> None:
        self.nodes = nodes
        self._homes = homes
        self._first = next(iter(nodes))
        self._turn = 0
        self._lock = threading.Lock()

    def home(self, extension: str) -> str:
        """The node's name; an extension of no node by name belongs to the first."""
        return self._homes.get(extension, self._first)

    def of(self, extension: str) -> TelephonyConnector:
        """The node at which the extension registers."""
        return self.nodes[self.home(extension)]

    def named(self, node: str) -> TelephonyConnector:
        """The node of this name.

        Raises:
            TelephonyUnavailable: there is none.
        """
        try:
            return self.nodes[node]
        except KeyError:
            raise TelephonyUnavailable(f"没有名为 {node} 的电话系统") from None

    def next(self) -> TelephonyConnector:
        """The node whose turn it is among those connected; any when none is."""
        names = list(self.nodes)
        with self._lock:
            self._turn += 1
            turned = [names[(self._turn + step) % len(names)] for step in range(len(names))]
        connected = (one for one in turned if self.nodes[one].status().connected)
        return self.nodes[next(connected, turned[0])]

    def same(self, one: str, other: str) -> TelephonyConnector:
        """The node of both extensions.

        Raises:
            TelephonyUnavailable: they register at different nodes.
        """
        if self.home(one) != self.home(other):
            raise TelephonyUnavailable(
                f"分机 {one} 在电话系统 {self.home(one)}，{other} 在 {self.home(other)}，"
                "请用同一电话系统的分机操作"
            )
        return self.of(one)

    def each(self) -> Iterator[TelephonyConnector]:
        """Every node."""
        yield from self.nodes.values()


class RoutedSeats:
    """Seats, each at its own node."""

    def __init__(self, routes: Routes, settle: Callable[[str, str], None]) -> None:
        self._routes = routes
        self._settle = settle

    def apply(self, seat: Seat) -> None:
        """See `dispatch.domain.ports.SeatControl`."""
        home = self._routes.home(seat.extension)
        if seat.node != home:
            self._settle(seat.extension, home)
        self._routes.nodes[home].seats.apply(replace(seat, node=home))


class RoutedDialer:
    """Follow-up calls, by turns."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def dial(self, call: FollowUpCall) -> None:
        """See `dispatch.domain.ports.Dialer`; never tried twice, for it might ring twice."""
        node = self._routes.next()
        if not node.status().connected:
            raise DialerUnavailable
        node.dialer.dial(call)


class RoutedDesk:
    """An agent's orders, at his own node."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def dial(self, call: OutboundCall) -> None:
        """See `dispatch.domain.call_ports.CallDesk`."""
        self._routes.of(call.extension).telephones.desk.dial(call)

    def bring_in(self, order: BringIn) -> None:
        """See `dispatch.domain.call_ports.CallDesk`."""
        self._routes.of(order.extension).telephones.desk.bring_in(order)

    def mask(self, extension: str, *, on: bool) -> None:
        """See `dispatch.domain.call_ports.CallDesk`."""
        self._routes.of(extension).telephones.desk.mask(extension, on=on)

    def hold_for(self, extension: str) -> None:
        """See `dispatch.domain.call_ports.CallDesk`."""
        self._routes.of(extension).telephones.desk.hold_for(extension)

    def resume(self, extension: str) -> bool:
        """See `dispatch.domain.call_ports.CallDesk`."""
        return self._routes.of(extension).telephones.desk.resume(extension)


class RoutedSupervising:
    """A supervisor's orders, at the agent's node."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        """See `dispatch.domain.call_ports.Supervising`."""
        node = self._routes.same(supervisor, agent)
        node.telephones.supervising.listen(supervisor, agent, mode, channel_id)

    def change_mode(self, channel_id: str, mode: ListenMode) -> None:
        """See `dispatch.domain.call_ports.Supervising`."""
        self._wherever(lambda node: node.telephones.supervising.change_mode(channel_id, mode))

    def stop_listening(self, channel_id: str) -> None:
        """See `dispatch.domain.call_ports.Supervising`."""
        self._wherever(lambda node: node.telephones.supervising.stop_listening(channel_id))

    def take_over(self, supervisor: str, agent: str) -> None:
        """See `dispatch.domain.call_ports.Supervising`."""
        self._routes.same(supervisor, agent).telephones.supervising.take_over(supervisor, agent)

    def release(self, extension: str, *, keep_citizen: bool) -> None:
        """See `dispatch.domain.call_ports.Supervising`."""
        node = self._routes.of(extension)
        node.telephones.supervising.release(extension, keep_citizen=keep_citizen)

    def _wherever(self, order: Callable[[TelephonyConnector], None]) -> None:
        _on_each(self._routes, order, enough=True)


class RoutedCallBacks:
    """Call-backs, by turns."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def call_back(self, order: CallBackOrder) -> None:
        """See `dispatch.domain.call_ports.CallBackDialer`; never tried at a second node."""
        node = self._routes.next()
        node.telephones.call_backs.call_back(order)

    def hang_up(self, channel_id: str) -> None:
        """See `dispatch.domain.call_ports.CallBackDialer`."""
        _on_each(
            self._routes, lambda node: node.telephones.call_backs.hang_up(channel_id), enough=False
        )


class EveryNodesMarks:
    """The marks of callers, which may ring in anywhere."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def assert_marks(self, marks: tuple[CallerMark, ...]) -> None:
        """See `dispatch.domain.call_ports.CallerMarks`."""
        _on_each(self._routes, lambda node: node.telephones.marks.assert_marks(marks), enough=False)


class RoutedSwitch:
    """The plan, node by node."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    @property
    def nodes(self) -> tuple[str, ...]:
        """See `dispatch.domain.call_ports.Switch`."""
        return tuple(self._routes.nodes)

    def applied(self, node: str) -> str:
        """See `dispatch.domain.call_ports.Switch`."""
        return self._routes.named(node).switch.applied(node)

    def apply(self, node: str, plan: SwitchPlan) -> None:
        """See `dispatch.domain.call_ports.Switch`."""
        self._routes.named(node).switch.apply(node, plan)

    def trunk_states(self, node: str) -> Mapping[str, TrunkState]:
        """See `dispatch.domain.call_ports.Switch`."""
        return self._routes.named(node).switch.trunk_states(node)

    def try_trunk(self, node: str, order: TrunkTrial) -> None:
        """See `dispatch.domain.call_ports.Switch`."""
        self._routes.named(node).switch.try_trunk(node, order)


def _on_each(routes: Routes, order: Callable[[TelephonyConnector], None], *, enough: bool) -> None:
    """Give the order to every node, a failing one last to be told of.

    With `enough` one node that took it is enough: the others do not know the channel.
    """
    failure: HotlineError | None = None
    taken = False
    for node in routes.each():
        try:
            order(node)
            taken = True
        except HotlineError as refused:
            failure = refused
    if failure is not None and not (enough and taken):
        raise failure
