//! Secrets: given as they are, or as `file:PATH` of a file that holds them. Neither form is printed.

use std::fmt;
use std::fs;
use std::str::FromStr;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret that has already been read.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether it can stand behind `Bearer` (RFC 6750): anything else would never arrive.
    pub fn is_bearer(&self) -> bool {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        self.0.bytes().all(legal)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let secret = read(text)?;
        if secret.trim().is_empty() {
            return Err("must not be empty: write the secret, or file:PATH such as file:/run/secrets/turn".into());
        }
        Ok(Self(secret))
    }
}

/// Returns the content of the file, without the end of its line; any other text as it is.
///
/// # Errors
/// A sentence where the file cannot be read, or has more than one line.
pub fn read(text: &str) -> Result<String, String> {
    let Some(path) = text.strip_prefix("file:") else { return Ok(text.to_owned()) };
    let secret = fs::read_to_string(path).map_err(|error| format!("cannot read {path:?} ({error})"))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.contains(['\r', '\n']) {
        return Err(format!("{path:?} has more than one line"));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_a_file_and_never_printed() {
        let path = std::env::temp_dir().join(format!("roomcast-secret-{}", std::process::id()));
        fs::write(&path, "geheim\n").unwrap();
        let secret: Secret = format!("file:{}", path.display()).parse().unwrap();
        assert_eq!(secret.expose(), "geheim");
        assert!(!format!("{secret:?}").contains("geheim"));
        fs::write(&path, "geheim\nmore").unwrap();
        let reason = format!("file:{}", path.display()).parse::<Secret>().unwrap_err();
        assert!(reason.contains("more than one line") && !reason.contains("geheim"));
        fs::remove_file(&path).unwrap();
        for bad in ["", "file:", "file:/nowhere/at/all"] {
            assert!(bad.parse::<Secret>().is_err(), "{bad}");
        }
    }
}
