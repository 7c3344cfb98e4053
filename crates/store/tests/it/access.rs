//! Roles, passwords, invitations, identities, shares and sessions, on both databases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use store::{Credential, Grantee, Identity, Invitation, InvitationKind, SessionRow, ShareRow, Store};
use testing::{each_database, options};
use uuid::Uuid;

fn at(minute: i64) -> DateTime<Utc> {
    let begin: DateTime<Utc> = "2026-03-31T09:00:00.000001Z".parse().expect("an instant");
    begin + chrono::Duration::minutes(minute)
}

const ANN: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);

#[tokio::test]
async fn roles_are_given_taken_and_told() {
    each_database(async |bed| {
        let other = Store::open(&bed.url, options()).await.expect("a second program");
        let mut changes = other.changes();
        tokio::time::sleep(Duration::from_millis(500)).await;
        bed.tenant.grant_roles(ANN, &["sales".to_owned(), "lead".to_owned()]).await.expect("given");
        tokio::time::timeout(Duration::from_secs(2), changes.next()).await.expect("the other is told");
        bed.tenant.grant_roles(ANN, &["sales".to_owned()]).await.expect("once more");
        let there = other.tenant(bed.tenant.name()).await.expect("opens");
        assert_eq!(there.roles_of(ANN).await.expect("asked"), ["lead", "sales"]);
        assert_eq!(bed.canary.roles_of(ANN).await.expect("asked"), [""; 0]);
        bed.tenant.revoke_role(ANN, "sales").await.expect("taken");
        assert_eq!(there.user_roles().await.expect("asked"), [(ANN, "lead".to_owned())]);
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn links_are_good_for_one_time() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let link =
            |hash, kind| Invitation { hash: [hash; 32], user: ANN, kind, created: at(0), expires: at(60) };
        tenant.invite(&link(1, InvitationKind::Invite)).await.expect("kept");
        tenant.invite(&link(2, InvitationKind::Invite)).await.expect("kept");
        let used = async |hash, kind, minute| {
            tenant.use_invitation(&[hash; 32], kind, at(minute)).await.expect("asked")
        };
        assert_eq!(used(1, InvitationKind::Invite, 1).await, None, "a later link ends the earlier one");
        assert_eq!(used(2, InvitationKind::Reset, 1).await, None, "another kind");
        assert_eq!(used(2, InvitationKind::Invite, 60).await, None, "too late");
        let both = tokio::join!(used(2, InvitationKind::Invite, 2), used(2, InvitationKind::Invite, 2));
        assert_eq!([both.0, both.1].iter().flatten().count(), 1, "one of two at once gets it");
        assert_eq!(used(2, InvitationKind::Invite, 3).await, None, "used");
        tenant.invite(&link(3, InvitationKind::Reset)).await.expect("kept");
        let password = Credential { password: "hash".to_owned(), changed: at(4) };
        tenant.set_credential(ANN, &password).await.expect("set");
        assert_eq!(used(3, InvitationKind::Reset, 5).await, None, "a new password ends open links");
        assert_eq!(tenant.credential(ANN).await.expect("asked"), Some(password));
        assert_eq!(tenant.credential(BOB).await.expect("asked"), None);
    })
    .await;
}

#[tokio::test]
async fn identities_belong_to_one_user_for_good() {
    each_database(async |bed| {
        let identity = |user| Identity { issuer: "https://id".to_owned(), subject: "7".to_owned(), user };
        bed.tenant.bind_identity(&identity(ANN)).await.expect("bound");
        bed.tenant.bind_identity(&identity(BOB)).await.expect("left as it is");
        assert_eq!(bed.tenant.identity("https://id", "7").await.expect("asked"), Some(ANN));
        assert_eq!(bed.tenant.identity("https://other", "7").await.expect("asked"), None);
        bed.tenant.set_login_provider("oidc", Some("{}")).await.expect("set");
        bed.tenant.set_login_provider("oidc", Some("{\"a\":1}")).await.expect("replaced");
        assert_eq!(bed.tenant.login_provider("oidc").await.expect("asked").as_deref(), Some("{\"a\":1}"));
        bed.tenant.set_login_provider("oidc", None).await.expect("gone");
        assert_eq!(bed.tenant.login_provider("oidc").await.expect("asked"), None);
        bed.tenant.begin_login(&[1; 32], "state", at(0), at(10)).await.expect("kept");
        assert_eq!(bed.tenant.end_login(&[1; 32], at(1)).await.expect("asked").as_deref(), Some("state"));
        assert_eq!(bed.tenant.end_login(&[1; 32], at(1)).await.expect("asked"), None, "given once");
    })
    .await;
}

#[tokio::test]
async fn shares_reach_whom_they_name_until_they_end() {
    each_database(async |bed| {
        let share = |id, grantee, expires| ShareRow {
            id: Uuid::from_u128(id),
            object: "lead".to_owned(),
            record: Uuid::from_u128(100),
            grantee,
            update: id == 3,
            expires,
            created: at(0),
            created_by: Some("user:ann".to_owned()),
        };
        let rows = [
            share(1, Grantee::User(ANN), None),
            share(2, Grantee::Team(BOB), Some(at(10))),
            share(3, Grantee::Role("sales".to_owned()), None),
        ];
        for row in &rows {
            bed.tenant.share_insert(row).await.expect("shared");
        }
        let with = async |grantees: &[Grantee], minute| {
            let found = bed.tenant.shares_with(grantees, at(minute)).await.expect("asked");
            found.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(with(&[Grantee::User(ANN)], 1).await, [1]);
        assert_eq!(with(&[Grantee::User(BOB)], 1).await, [0; 0], "a team's id is no user's");
        assert_eq!(
            with(&[Grantee::User(BOB), Grantee::Team(BOB), Grantee::Role("sales".to_owned())], 1).await,
            [2, 3]
        );
        assert_eq!(with(&[Grantee::Team(BOB)], 10).await, [0; 0], "ended");
        assert_eq!(bed.tenant.share(Uuid::from_u128(3)).await.expect("asked").as_ref(), Some(&rows[2]));
        assert_eq!(bed.tenant.shares_of("lead", Some(Uuid::from_u128(100))).await.expect("asked").len(), 3);
        bed.tenant.share_insert(&share(4, Grantee::User(ANN), None)).await.expect("replaces the first");
        assert_eq!(with(&[Grantee::User(ANN)], 1).await, [4]);
        bed.tenant.share_end(Uuid::from_u128(4)).await.expect("ended");
        assert_eq!(with(&[Grantee::User(ANN)], 1).await, [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn sessions_end_one_by_one_together_and_with_their_tenant() {
    each_database(async |bed| {
        let session = |id| SessionRow {
            id: Uuid::from_u128(id),
            tenant: bed.tenant.name().clone(),
            user: ANN,
            created: at(i64::try_from(id).expect("small")),
            expires: at(100),
            last_used: at(0),
        };
        for id in 1..=3_u8 {
            bed.store.session_insert(&[id; 32], &session(u128::from(id))).await.expect("begun");
        }
        let found = bed.store.session_find(&[2; 32]).await.expect("asked");
        assert_eq!(found, Some(session(2)));
        bed.store.session_used(Uuid::from_u128(2), at(5)).await.expect("noted");
        bed.store
            .session_used(Uuid::from_u128(2), at(5) + chrono::Duration::seconds(20))
            .await
            .expect("too early");
        let used = bed.store.session_find(&[2; 32]).await.expect("asked").map(|session| session.last_used);
        assert_eq!(used, Some(at(5)));
        let ended = bed.store.sessions_end(bed.tenant.name(), ANN, Some(Uuid::from_u128(2))).await;
        assert_eq!(ended.expect("ended"), 1);
        assert_eq!(bed.store.sessions(bed.tenant.name(), ANN).await.expect("asked").len(), 2);
        assert_eq!(bed.store.sessions_end(bed.tenant.name(), BOB, None).await.expect("none of his"), 0);
        bed.store.tenant_drop(bed.tenant.name()).await.expect("dropped");
        assert_eq!(bed.store.session_find(&[1; 32]).await.expect("asked"), None, "the tenant is gone");
    })
    .await;
}

#[tokio::test]
async fn setting_up_is_for_one_while_there_is_no_tenant() {
    each_database(async |bed| {
        assert!(!bed.store.claim_setup().await.expect("asked"), "there are tenants");
        for tenant in [&bed.tenant, &bed.canary] {
            bed.store.tenant_drop(tenant.name()).await.expect("dropped");
        }
        let both = tokio::join!(bed.store.claim_setup(), bed.store.claim_setup());
        assert_eq!([both.0, both.1].iter().filter(|got| matches!(got, Ok(true))).count(), 1);
        assert!(!bed.store.claim_setup().await.expect("asked"));
        bed.store.release_setup().await.expect("given back");
        assert!(bed.store.claim_setup().await.expect("asked"));
    })
    .await;
}
