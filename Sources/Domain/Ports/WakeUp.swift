/// Tells the `glance-tasks` of this machine that work was ordered, so that it looks at once.
///
/// It is called after the order is committed. A wake-up may be lost, late or needless: `glance-tasks` finds every order when it looks by
/// itself, and decides by the database alone.
package protocol WakeUp: Sendable {
    /// Sends the wake-up. Returns at once, and never fails.
    func wakeUp()
}

/// Sends no wake-up.
package struct NoWakeUp: WakeUp {
    /// Makes one.
    package init() {}
    /// Does nothing.
    package func wakeUp() {}
}
