//! The way from a handler's thread to the task that owns the transaction, and back.

use script::{Data, Host, HostCall, HostError, Place};
use tokio::sync::{mpsc, oneshot};

/// What a handler asks.
pub(super) struct Question {
    pub(super) call: HostCall,
    pub(super) place: Place,
    pub(super) reply: oneshot::Sender<Result<Data, HostError>>,
}

/// The handler's end.
#[derive(Clone)]
pub(super) struct Port {
    sender: mpsc::WeakSender<Question>,
    /// Holds the way open for as long as the handler runs.
    _open: Option<mpsc::Sender<Question>>,
}

/// A way that is open until the handler is done.
pub(super) fn open() -> (Port, mpsc::Receiver<Question>) {
    let (sender, receiver) = mpsc::channel(1);
    (Port { sender: sender.downgrade(), _open: Some(sender) }, receiver)
}

impl Port {
    /// The same for what may outlive the handler: records that it read.
    pub(super) fn weak(&self) -> Self {
        Self { sender: self.sender.clone(), _open: None }
    }
}

impl Host for Port {
    fn call(&self, call: HostCall, place: Place) -> Result<Data, HostError> {
        let (reply, answer) = oneshot::channel();
        let sender = self.sender.upgrade().ok_or(HostError::Ended)?;
        sender.blocking_send(Question { call, place, reply }).map_err(|_| HostError::Ended)?;
        answer.blocking_recv().map_err(|_| HostError::Ended)?
    }
}
