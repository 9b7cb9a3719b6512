//! Values of `--log`: levels, for all or for a target, in the syntax of `tracing`'s `EnvFilter`.

use tracing_subscriber::EnvFilter;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks a filter.
///
/// A bare word that is no level is refused, although the library takes it for the name of a module: `nonsense`, or
/// `infos`, would silence everything else.
pub fn filter(text: &str) -> Result<String, String> {
    const FORM: &str = "must name levels (off, error, warn, info, debug, trace), such as info or info,roomcast=debug";
    let known = !text.is_empty() && directives(text).iter().all(|directive| has_level(directive.trim()));
    if !known || EnvFilter::try_new(text).is_err() {
        return Err(FORM.into());
    }
    Ok(text.to_owned())
}

/// Splits at commas, but not at those between the fields of a span.
fn directives(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|character| {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .collect()
}

fn has_level(directive: &str) -> bool {
    let (target, level) = match directive.rsplit_once('=') {
        Some((target, level)) => (Some(target), level),
        None => (None, directive),
    };
    target.is_none_or(|target| !target.is_empty()) && LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels() {
        for good in ["info", "DEBUG", "off", "info,actix_server=warn", "roomcast=debug", "warn,a[s{x=1}]=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["", "nonsense", "infos", "info,", ",", "=info", "roomcast=loud", "info,nonsense", "a[=info", "10s"]
        {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
