//! Random values, records, expressions and filters for property tests: over any scope, so that the differential test of `query` uses
//! them too. Values lie where faults lie: at the bounds, at halves, at month ends, in other scripts, and often at null.

mod expressions;
mod filters;
mod values;

use std::sync::Arc;

use crate::scope::{Member, Scope};
use crate::types::Type;

pub use expressions::expressions;
pub use filters::filters;
pub use values::{records, values};

/// What expressions over an object may name.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Fields with a value, through parts of composites and one to-one relation.
    pub fields: Vec<Known>,
    /// To-one relations, own ones, with the type they have in `isNull`.
    pub relations: Vec<Known>,
    /// To-many relations, own ones, and what their records have.
    pub many: Vec<(Vec<Arc<str>>, Arc<Vocabulary>)>,
}

/// A path and what it leads to.
#[derive(Clone, Debug)]
pub struct Known {
    /// The names from the record on.
    pub steps: Vec<Arc<str>>,
    /// The type of the value.
    pub ty: Type,
    /// Legal values, where they are a closed list.
    pub choices: Option<Arc<[Arc<str>]>>,
}

/// How far a vocabulary reaches from its object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Through relations.
    Relations,
    /// The object's own fields.
    Own,
}

impl Vocabulary {
    /// What may be named of the object in the scope.
    pub fn of(scope: &dyn Scope, object: &str) -> Arc<Vocabulary> {
        Arc::new(Self::reaching(scope, object, Reach::Relations, Reach::Relations))
    }

    fn reaching(scope: &dyn Scope, object: &str, one: Reach, many: Reach) -> Vocabulary {
        let mut out = Vocabulary { fields: Vec::new(), relations: Vec::new(), many: Vec::new() };
        for name in scope.members(object) {
            let Some(member) = scope.member(object, &name) else { continue };
            out.add(scope, &name, member, one, many);
        }
        out
    }

    fn add(&mut self, scope: &dyn Scope, name: &Arc<str>, member: Member, one: Reach, many: Reach) {
        let known = |steps: Vec<Arc<str>>, ty, choices| Known { steps, ty, choices };
        let own = vec![Arc::clone(name)];
        match member {
            Member::Value { ty, choices } => self.fields.push(known(own, ty, choices)),
            Member::Parts(parts) => {
                self.fields.extend(
                    parts.into_iter().map(|(part, ty)| known(vec![Arc::clone(name), part], ty, None)),
                );
            }
            Member::One(_) | Member::OneOf(_) if one == Reach::Own => {}
            Member::One(to) => {
                self.through(scope, &own, &to);
                self.relations.push(known(own, Type::Record(to), None));
            }
            Member::OneOf(objects) => {
                for to in objects {
                    self.through(scope, &[Arc::clone(name), Arc::clone(&to)], &to);
                }
                self.relations.push(known(own, Type::Id, None));
            }
            Member::Many(_) if many == Reach::Own => {}
            Member::Many(to) => {
                let related = Self::reaching(scope, &to, Reach::Own, Reach::Own);
                self.many.push((own, Arc::new(related)));
            }
        }
    }

    /// Adds the own fields of a related object.
    fn through(&mut self, scope: &dyn Scope, before: &[Arc<str>], object: &str) {
        for field in Self::reaching(scope, object, Reach::Own, Reach::Own).fields {
            let steps = before.iter().cloned().chain(field.steps).collect();
            self.fields.push(Known { steps, ..field });
        }
    }
}
