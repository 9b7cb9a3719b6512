//! Variables of the environment that look like settings and are none.

use clap::CommandFactory as _;

use super::Cli;

const PREFIX: &str = "ROOMCAST_";
/// Least similarity of a name that is suggested for another (Jaro, as in clap).
const ALIKE: f64 = 0.7;

/// A warning for each variable of the environment that begins like a setting's and belongs to none.
pub fn unknown_variables() -> Vec<String> {
    let there = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    warnings(there)
}

fn warnings(variables: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let known = known();
    let mut unknown: Vec<String> = variables
        .filter(|(name, value)| name.starts_with(PREFIX) && !known.contains(name) && !is_kubernetes(name, value))
        .map(|(name, _)| name)
        .collect();
    unknown.sort_unstable();
    unknown.iter().map(|name| warning(name, nearest(name, known.iter().map(String::as_str)))).collect()
}

fn warning(name: &str, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("the variable {name} is not a setting; did you mean {nearest}?"),
        None => format!("the variable {name} is not a setting"),
    }
}

fn known() -> Vec<String> {
    let command = Cli::command();
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    arguments.filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned())).collect()
}

/// Returns the most similar of several names, if one is similar at all.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike =
        known.map(|known| (strsim::jaro(name.trim_start_matches(PREFIX), known.trim_start_matches(PREFIX)), known));
    alike.filter(|(alike, _)| *alike > ALIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
}

/// Returns whether Kubernetes sets such a variable for a service whose name begins with `roomcast`.
fn is_kubernetes(name: &str, value: &str) -> bool {
    let name = name.trim_start_matches("ROOMCAST");
    let of_port = |rest: &str| {
        let mut rest = rest.split('_');
        let port = rest.next().is_some_and(|port| port.parse::<u16>().is_ok());
        let protocol = rest.next().is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol));
        port && protocol && rest.next().is_none_or(|last| ["PROTO", "PORT", "ADDR"].contains(&last))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.rsplit_once("_PORT_").is_some_and(|(_, rest)| of_port(rest))
        || name.match_indices("_PORT_").any(|(at, found)| of_port(&name[at + found.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variables_are_told_with_the_nearest_name_and_those_of_kubernetes_are_not() {
        let told = |name: &str, value: &str| warnings([(name.to_owned(), value.to_owned())].into_iter());
        assert_eq!(
            told("ROOMCAST_MAX_ROOM", "5"),
            ["the variable ROOMCAST_MAX_ROOM is not a setting; did you mean ROOMCAST_MAX_ROOMS?"]
        );
        assert_eq!(told("ROOMCAST_XYZZY", "5"), ["the variable ROOMCAST_XYZZY is not a setting"]);
        for quiet in ["ROOMCAST_MAX_ROOMS", "ROOMCAST_SERVER", "HOME", "ROOMCAST_SERVICE_HOST", "ROOMCAST_SERVICE_PORT"]
        {
            assert!(told(quiet, "5").is_empty(), "{quiet}");
        }
        for (name, value) in [
            ("ROOMCAST_SERVICE_PORT_HTTP", "80"),
            ("ROOMCAST_PORT", "tcp://10.0.0.1:80"),
            ("ROOMCAST_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("ROOMCAST_PORT_80_TCP_PORT", "80"),
            ("ROOMCAST_PORT_80_TCP_PROTO", "tcp"),
            ("ROOMCAST_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("ROOMCAST_HEADLESS_PORT_80_TCP_ADDR", "10.0.0.1"),
        ] {
            assert!(told(name, value).is_empty(), "{name}");
        }
        assert_eq!(told("ROOMCAST_PORT", "8080").len(), 1);
    }
}
