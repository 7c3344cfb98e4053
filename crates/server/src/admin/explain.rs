//! Why a user may or may not do something, for those who administer users.

use engine::{Explanation, Question};
use metadata::catalog::Right;
use query::access::Access;
use uuid::Uuid;

use super::{Admin, AdminError};

impl Admin<'_> {
    /// Why a user with all their roles may or may not do something to a record that the caller sees; `None` where the caller sees none.
    pub async fn explain(&self, user: Uuid, question: &Question) -> Result<Option<Explanation>, AdminError> {
        self.must(Right::Users)?;
        self.must_exist(user).await?;
        let Some(person) = self.person(user).await? else {
            return self.explain_inactive(question).await;
        };
        let access = Access::of(&self.caller.catalog, &person.roles, &person.facts.shares());
        let subject = self.caller.clone().acting(&person, access);
        Ok(Box::pin(self.engine.explain(self.caller, &subject, question)).await?)
    }

    /// Who is not active may nothing, whatever their roles.
    async fn explain_inactive(&self, question: &Question) -> Result<Option<Explanation>, AdminError> {
        let seen = Box::pin(self.engine.explain(self.caller, self.caller, question)).await?;
        let nothing =
            Explanation { allowed: false, rules: Vec::new(), field: question.field.as_ref().map(|_| false) };
        Ok(seen.map(|_| nothing))
    }
}
