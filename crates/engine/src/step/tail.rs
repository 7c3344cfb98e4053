//! Records that stand for themselves, with all that follows from them: what is refused later takes back the record that led to it.
//!
//! A wave of which more may follow lies behind a savepoint of its own until nothing more follows. Where a part of it is refused by then, the wave
//! is undone, and its records go again one by one. Where a script fails, its record is refused, and the others go again without it.

use std::collections::HashSet;

use sql::Ident;

use super::find::Wave;
use crate::automation::Failed;
use crate::error::WriteError;
use crate::outcome::{Code, Refusal};
use crate::run::{Halt, Run};

/// A wave that is not over yet.
#[derive(Debug)]
pub(crate) struct Tail {
    wave: Wave,
    /// What had been told before it.
    errors: usize,
    effects: usize,
    queued: usize,
    noted: usize,
    unsorted: usize,
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
    run.tail = Some(Tail {
        wave: wave.clone(),
        errors: run.outcome.errors.len(),
        effects: run.outcome.effects.len(),
        queued: run.queued.len(),
        noted: run.noted.len(),
        unsorted: run.unsorted.len(),
    });
    Ok(())
}

/// Ends a wave in which a script failed. One that is a part of another write, or that has spent what all records share, ends everything.
pub(crate) async fn fail(run: &mut Run<'_>, failed: Failed) -> Result<(), Halt> {
    let indexes: HashSet<usize> = run.tail.iter().flat_map(|tail| tail.wave.indexes()).collect();
    let goes_on = !run.nested && !run.cascade.budget.is_spent();
    let alone = failed.index.filter(|index| goes_on && indexes.contains(index));
    let (Some(index), Some(tail)) = (alone, run.tail.take()) else {
        return Err(WriteError::Script(Box::new(failed)).into());
    };
    if let Some(tx) = &mut run.tx {
        tx.rollback_to(&savepoint()).await?;
        tx.release(&savepoint()).await?;
    }
    undo(run, &tail, &indexes);
    again(run, &tail, &indexes);
    run.clear_wave();
    let line = failed.place.as_ref().and_then(|place| place.line);
    let refusal = Refusal { line, ..Refusal::new(Code::ScriptError, failed.to_string()) };
    run.refuse(index, refusal.rule(failed.automation.clone()));
    run.failed.push(failed);
    for wave in tail.wave.around(index).into_iter().rev() {
        run.waves.push_front(wave);
    }
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
        undo(run, &tail, &indexes);
        // Of one alone the refusal stands.
        if indexes.len() > 1 {
            again(run, &tail, &indexes);
            for wave in tail.wave.one_by_one().into_iter().rev() {
                run.waves.push_front(wave);
            }
        }
    }
    Ok(())
}

/// Forgets what came of the records.
fn undo(run: &mut Run<'_>, tail: &Tail, indexes: &HashSet<usize>) {
    run.stirred.forget();
    run.outcome.effects.truncate(tail.effects);
    run.queued.truncate(tail.queued);
    run.noted.truncate(tail.noted);
    run.unsorted.truncate(tail.unsorted);
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
}

/// Forgets what was refused of them, because they are taken up again.
fn again(run: &mut Run<'_>, tail: &Tail, indexes: &HashSet<usize>) {
    run.outcome.errors.truncate(tail.errors);
    for index in indexes {
        if let Some(refused) = run.refused.get_mut(*index) {
            *refused = false;
        }
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

    /// Those before a record of it, and those behind.
    fn around(self, index: usize) -> Vec<Wave> {
        fn split<T>(all: Vec<T>, is: impl Fn(&T) -> bool) -> [Vec<T>; 2] {
            let mut before = all;
            let at = before.iter().position(&is).unwrap_or(before.len());
            let mut behind = before.split_off(at);
            behind.retain(|one| !is(one));
            [before, behind]
        }
        let waves: Vec<Wave> = match self {
            Wave::Data(places) => split(places, |place| *place == index).map(Wave::Data).into(),
            Wave::Ids(ids) => split(ids, |(place, _)| *place == index).map(Wave::Ids).into(),
        };
        waves.into_iter().filter(|wave| wave.indexes().next().is_some()).collect()
    }

    fn one_by_one(self) -> Vec<Wave> {
        match self {
            Wave::Data(places) => places.into_iter().map(|place| Wave::Data(vec![place])).collect(),
            Wave::Ids(ids) => ids.into_iter().map(|one| Wave::Ids(vec![one])).collect(),
        }
    }
}
