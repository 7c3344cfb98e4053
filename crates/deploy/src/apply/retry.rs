//! Trying again what lost against others: definitions wait for locks only shortly, so that nobody queues behind them.

use std::future::Future;
use std::time::{Duration, Instant};

use store::StoreError;

use crate::error::DeployError;

/// Longest time that is spent on trying.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the whole attempt again while it loses against locks of others.
pub async fn with_retries<T, F, R>(mut attempt: F) -> Result<T, DeployError>
where
    F: FnMut() -> R,
    R: Future<Output = Result<T, DeployError>>,
{
    let begun = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        match attempt().await {
            Err(DeployError::Store(StoreError::LockTimeout | StoreError::Retryable))
                if begun.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(500));
            }
            other => return other,
        }
    }
}
