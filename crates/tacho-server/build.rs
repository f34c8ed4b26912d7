//! Makes sure that there is a `web/dist` to compile in: without a built dashboard, a page that says how to build it.

use std::{fs, io, path::Path};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>tacho</title>\
<body><h1>tacho</h1><p>This binary was built without the dashboard. Run <code>make web</code> and build again.</p>\
<p>The API is at <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p></body></html>\n";

fn main() -> io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    let index = dist.join("index.html");
    if !index.exists() {
        // The folder is ignored by git and replaced as a whole by the web build.
        fs::create_dir_all(&dist)?;
        fs::write(&index, PLACEHOLDER)?;
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", dist.display());
    Ok(())
}
