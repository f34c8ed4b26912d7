//! What the sources look like: length of functions, leftovers, skipped tests.

use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use syn::visit::Visit;

/// The longest function, in lines from its signature to its closing brace. Lists of values are not counted: they have
/// no branches, and cutting them up helps no reader.
const FUNCTION_LINES_MAX: usize = 70;

/// Problems of all Rust sources.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for folder in ["bench", "crates", "drill", "simulation", "testkit", "xtask", "tests"] {
        for file in rust_files(&root.join(folder))? {
            check_file(root, &file, &mut problems)?;
        }
    }
    Ok(problems)
}

fn check_file(root: &Path, file: &Path, problems: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
    let leftovers = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for (number, line) in text.lines().enumerate() {
        if leftovers.iter().any(|leftover| line.contains(leftover)) {
            problems.push(format!("{name}:{}: leftover: {}", number + 1, line.trim()));
        }
        if line.trim() == concat!("#[", "ignore]") {
            problems.push(format!("{name}:{}: an ignored test without its reason", number + 1));
        }
    }
    let parsed = syn::parse_file(&text).with_context(|| format!("parse {name}"))?;
    let mut functions = Functions { file: &name, problems };
    functions.visit_file(&parsed);
    Ok(())
}

/// Looks at the length of each function.
struct Functions<'a> {
    file: &'a str,
    problems: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn check(&mut self, name: &syn::Ident, block: &syn::Block) {
        let braces = block.brace_token.span;
        let mut values = Values::default();
        values.visit_block(block);
        let lines = braces.close().end().line - braces.open().start().line + 1 - values.lines;
        if lines > FUNCTION_LINES_MAX {
            let (file, line) = (self.file, braces.open().start().line);
            self.problems.push(format!("{file}:{line}: fn {name} has {lines} lines (limit {FUNCTION_LINES_MAX})"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.check(&item.sig.ident, &item.block);
        syn::visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.check(&item.sig.ident, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }
}

/// Counts the lines inside of struct literals and arrays.
#[derive(Default)]
struct Values {
    lines: usize,
}

impl Values {
    fn add(&mut self, span: proc_macro2::extra::DelimSpan) {
        self.lines += span.close().end().line - span.open().start().line;
    }
}

impl<'ast> Visit<'ast> for Values {
    fn visit_expr_struct(&mut self, item: &'ast syn::ExprStruct) {
        self.add(item.brace_token.span);
    }
    fn visit_expr_array(&mut self, item: &'ast syn::ExprArray) {
        self.add(item.bracket_token.span);
    }
}

/// All `.rs` files below a folder, sorted; none if there is no such folder.
pub fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop().filter(|next| next.is_dir()) {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            let skipped = path.file_name().is_some_and(|name| name == "target" || name == "node_modules");
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
