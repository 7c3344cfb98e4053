//! What a script sees: the arguments that its entry function may name.

use std::sync::Arc;

use expr::Moment;

use crate::data::Data;
use crate::view::View;

/// The names that parameters of an entry function may have, and what they hold.
pub const PARAMETERS: [(&str, &str); 5] = [
    ("record", "the record it is about, as it is now"),
    ("old", "the record before the write; null for a new one"),
    ("user", "who set it off, as far as is known of them; `user.id` is null where nobody did"),
    ("settings", "the settings of the package, or of the plugin as the package sets them"),
    (
        "event",
        "what set it off: `event.kind` and, of a transition, `event.from`, `event.to`, `event.pass`, `event.reason`",
    ),
];

/// What a run sees.
#[derive(Clone)]
pub struct Scene {
    /// The record that is judged or handled; schedules and messages may have none.
    pub record: Option<Arc<dyn View>>,
    /// As it was before the write.
    pub old: Option<Arc<dyn View>>,
    /// The acting user.
    pub user: Arc<dyn View>,
    /// What set it off.
    pub event: Data,
    /// Whether assigning fields of `record` changes it.
    pub assigns: bool,
    /// The instant and zone of the request.
    pub moment: Moment,
}
