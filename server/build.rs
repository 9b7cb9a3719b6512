//! Tells where the built web page is, so that the crate also compiles before it was built, and the profile.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> std::io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = manifest.join("../web/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    println!("cargo::rerun-if-changed={}", manifest.join("../schema").display());
    let page = if built.join("index.html").is_file() { built.canonicalize()? } else { placeholder()? };
    println!("cargo::rustc-env=ROOMCAST_WEB_PAGE={}", page.display());
    println!("cargo::rustc-env=ROOMCAST_PROFILE={}", profile());
    Ok(())
}

/// Returns the folder of the profile, such as `release`: of a profile that inherits another one, Cargo tells the
/// other's name.
fn profile() -> String {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let build = out.ancestors().find(|folder| folder.ends_with("build"));
    let folder = build.and_then(Path::parent).and_then(Path::file_name);
    folder.map_or_else(|| env::var("PROFILE").unwrap_or_default(), |name| name.to_string_lossy().into_owned())
}

fn placeholder() -> std::io::Result<PathBuf> {
    let folder = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("page");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("index.html"),
        "<!doctype html><title>Roomcast</title><p>The page was not built: run <code>make web</code>.",
    )?;
    Ok(folder)
}
