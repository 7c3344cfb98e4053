//! Automations as principals: their rights are their own, and so is what is told of them.

use engine::audit::Asked;
use engine::{Caller, WriteError};
use metadata::catalog::Action;
use testing::{Handles, each_database};

use crate::rights::{all, grant};
use crate::support::{World, create, delete, name, text, update, world};

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_acts_with_rights_and_a_name_of_its_own() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let limited = world.acting(
            uuid::Uuid::nil(),
            &[("firm", grant(&[(Action::Read, all()), (Action::Update, all())], &["name"], &["name"]))],
        );
        let caller: Caller = world.caller.automation(&name("welcomeCall"), limited.caller.access.clone());
        let automation = World {
            engine: world.engine.clone(),
            caller: Caller { catalog: limited.caller.catalog.clone(), ..caller },
        };
        let firm = world.made("firm", &[("name", text("One"))]).await;
        // Who set it off may do everything; the automation may not.
        let denied = automation.engine.write(&automation.caller, delete("firm", firm), None).await;
        assert!(matches!(denied, Err(WriteError::Denied(denied)) if denied.forbidden()));
        let users = automation
            .engine
            .write(&automation.caller, create("user", &[("name", text("Robot"))]), None)
            .await;
        assert!(users.is_err(), "an automation makes no users");
        automation.run(update("firm", firm, &[("name", text("Two"))])).await;
        let past = engine::Past { object: name("firm"), id: firm, first: 10, after: None };
        let entries = world.engine.history(&world.caller, &past).await.expect("a history").expect("in sight");
        assert_eq!(
            (entries[0].actor.as_deref(), entries[0].user, entries[0].door.as_deref()),
            (Some("automation:welcomeCall"), None, Some("automation"))
        );
        let asked = Asked { first: 10, ..Asked::default() };
        let page = world.engine.audit_page(&world.caller, &asked).await.expect("a page");
        assert!(
            page.lines
                .iter()
                .all(|entry| entry.actor == "automation:welcomeCall" && entry.door == "automation")
        );
        assert_eq!(
            page.lines.len(),
            1,
            "what is not granted is noted; what does not exist for it is not an act"
        );
    })
    .await;
}
