//! Secrets that are shown once: 256 random bits, of which only the hash is kept.

use sha2::{Digest, Sha256};

use super::AdminError;

/// A new secret.
pub struct Secret {
    /// What its holder keeps.
    pub text: String,
    /// What we keep.
    pub hash: [u8; 32],
}

impl Secret {
    /// Draws one; the text begins with the prefix.
    pub fn draw(prefix: &str) -> Result<Self, AdminError> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| AdminError::Internal(format!("no randomness: {error}")))?;
        let text = format!("{prefix}{}", hex::encode(bytes));
        Ok(Self { hash: secret_hash(&text), text })
    }
}

/// The hash by which a secret is stored and found.
pub fn secret_hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
