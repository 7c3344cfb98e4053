//! Figures for Prometheus. Labels are bounded: route, method, status; never a tenant, a key or a text.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the duration's buckets, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The recorder of the process; there can be one only.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Counts requests.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Takes part in the process's recorder, which the first one installs.
    pub(crate) fn install() -> Result<Metrics, String> {
        let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = RECORDER.get() {
            return Ok(Metrics { handle: handle.clone() });
        }
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(|error| error.to_string())?;
        let handle = builder.install_recorder().map_err(|error| error.to_string())?;
        metrics::describe_counter!(
            "armature_http_requests_total",
            "Requests answered, by route, method and status."
        );
        metrics::describe_histogram!(
            "armature_http_request_duration_seconds",
            "Time to the answer, by route."
        );
        metrics::describe_counter!("armature_jobs_total", "Jobs that were tried, by what became of them.");
        metrics::describe_histogram!("armature_job_wait_seconds", "Time from when a job was due to its try.");
        metrics::describe_histogram!("armature_job_duration_seconds", "Time that a job took.");
        metrics::describe_gauge!("armature_http_requests_in_work", "Requests in work.");
        Ok(Metrics { handle: RECORDER.get_or_init(|| handle).clone() })
    }

    /// A request begins; it ends when the returned value is dropped, whether it was answered or not.
    pub(crate) fn begin() -> InWork {
        gauge!("armature_http_requests_in_work").increment(1.0);
        InWork
    }

    /// A request was answered.
    pub(crate) fn answered(route: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let method = known_method(method);
        match status {
            // By far the most; without text that is made anew.
            StatusCode::OK => {
                counter!("armature_http_requests_total", "route" => route, "method" => method, "status" => "200")
                    .increment(1);
            }
            other => {
                let status = other.as_u16().to_string();
                counter!("armature_http_requests_total", "route" => route, "method" => method, "status" => status)
                    .increment(1);
            }
        }
        histogram!("armature_http_request_duration_seconds", "route" => route).record(took.as_secs_f64());
    }

    /// In the text form of Prometheus.
    pub(crate) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}

/// Held while a request is in work.
pub(crate) struct InWork;

impl Drop for InWork {
    fn drop(&mut self) {
        gauge!("armature_http_requests_in_work").decrement(1.0);
    }
}

/// Methods are free text on the wire, and labels must not be.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
