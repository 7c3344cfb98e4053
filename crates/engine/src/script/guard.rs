//! Guards that are scripts: they judge with what is at hand; what is not is fetched in the transaction, and they are asked again.

use std::collections::HashMap;
use std::sync::Arc;

use metadata::catalog::FunctionPath;
use query::access::Access;
use script::{Data, ErrorKind, Verdict};

use super::{Sight, of_record, path_of, scene};
use crate::automation::{Failed, condition};
use crate::error::WriteError;
use crate::run::{Halt, Run};

/// Values that a guard may need beside its record.
const MOST: usize = 20;

/// What a guard says of a job's record; `event` is what it sees as such.
pub(crate) async fn judge(
    run: &mut Run<'_>,
    function: &FunctionPath,
    place: usize,
    event: Data,
) -> Result<Verdict, Halt> {
    let mut fetched: HashMap<String, Data> = HashMap::new();
    loop {
        let Some(job) = run.jobs.get(place) else { return Ok(Verdict::Holds) };
        let sight = Sight {
            caller: Arc::new(run.caller.clone()),
            access: Access::Everything,
            now: run.now,
            fetched: Arc::new(fetched.clone()),
        };
        let mut scene = scene(run, run.caller, event.clone());
        let shape = Arc::clone(&job.shape);
        scene.record = Some(of_record(&shape, &job.after, job.before.as_ref(), sight.clone()));
        scene.old = job.before.as_ref().map(|before| of_record(&shape, before, None, sight));
        let error = match run.model.library.judge(path_of(function), &scene, &run.cascade.budget) {
            Ok(verdict) => return Ok(verdict),
            Err(error) => error,
        };
        match &error.kind {
            ErrorKind::Unavailable(path) if fetched.len() < MOST => {
                let value = condition::field(run, &shape, path, place).await?;
                fetched.insert(path.clone(), value);
            }
            _ => {
                let object = shape.object.name.clone();
                let job = run.jobs.get(place);
                let about = job.map(|job| (object, job.id));
                let failed = Failed {
                    index: job.map(|job| job.index),
                    ..Failed::new(&function.to_string(), error, about)
                };
                return Err(WriteError::Script(Box::new(failed)).into());
            }
        }
    }
}
