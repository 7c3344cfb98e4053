//! Records that stand for themselves, with all that follows from them: what is refused later takes back the record that led to it.
//!
//! A wave of which more may follow lies behind a savepoint of its own until nothing more follows. Where a part of it is refused by then, the wave
//! is undone, and its records go again one by one.

use std::collections::HashSet;

use sql::Ident;

use super::find::Wave;
use crate::run::{Halt, Run};

/// A wave that is not over yet.
#[derive(Debug)]
pub(crate) struct Tail {
    wave: Wave,
    /// What had been told before it.
    errors: usize,
    effects: usize,
}

fn savepoint() -> Ident {
    Ident::made("tail")
}

/// Begins a wave.
pub(crate) async fn begin(run: &mut Run<'_>, wave: &Wave) -> Result<(), Halt> {
    if run.all_or_none() || !run.model.has_tail(&run.write.object) {
        return Ok(());
    }
    let Some(tx) = &mut run.tx else { return Ok(()) };
    tx.savepoint(&savepoint()).await?;
    let (errors, effects) = (run.outcome.errors.len(), run.outcome.effects.len());
    run.tail = Some(Tail { wave: wave.clone(), errors, effects });
    Ok(())
}

/// Ends the last wave: all that followed from it is done.
pub(crate) async fn end(run: &mut Run<'_>) -> Result<(), Halt> {
    let Some(tail) = run.tail.take() else { return Ok(()) };
    let indexes: HashSet<usize> = tail.wave.indexes().collect();
    let written = |index: &usize| run.outcome.ids.get(*index).is_some_and(Option::is_some);
    let undone = indexes.iter().any(|index| written(index) && run.is_refused(*index));
    if let Some(tx) = &mut run.tx {
        if undone {
            tx.rollback_to(&savepoint()).await?;
        }
        tx.release(&savepoint()).await?;
    }
    if undone {
        take_back(run, tail, &indexes);
    }
    Ok(())
}

/// Forgets what came of the records, and takes them up again where there were several.
fn take_back(run: &mut Run<'_>, tail: Tail, indexes: &HashSet<usize>) {
    run.stirred.forget();
    run.outcome.effects.truncate(tail.effects);
    for index in indexes {
        if let Some(id) = run.outcome.ids.get_mut(*index) {
            *id = None;
        }
        if let Some(record) = run.outcome.records.get_mut(*index) {
            *record = None;
        }
        for flags in [&mut run.outcome.created, &mut run.outcome.changed] {
            if let Some(flag) = flags.get_mut(*index) {
                *flag = false;
            }
        }
    }
    if indexes.len() < 2 {
        return;
    }
    run.outcome.errors.truncate(tail.errors);
    for index in indexes {
        if let Some(refused) = run.refused.get_mut(*index) {
            *refused = false;
        }
    }
    for wave in tail.wave.one_by_one().into_iter().rev() {
        run.waves.push_front(wave);
    }
}

impl Wave {
    /// The places of its records in the outcome.
    fn indexes(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Wave::Data(places) => Box::new(places.iter().copied()),
            Wave::Ids(ids) => Box::new(ids.iter().map(|(index, _)| *index)),
        }
    }

    fn one_by_one(self) -> Vec<Wave> {
        match self {
            Wave::Data(places) => places.into_iter().map(|place| Wave::Data(vec![place])).collect(),
            Wave::Ids(ids) => ids.into_iter().map(|one| Wave::Ids(vec![one])).collect(),
        }
    }
}
