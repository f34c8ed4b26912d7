//! Where the ClickHouse library is looked for.

use super::ffi::LibraryError;
use std::path::{Path, PathBuf};

/// The version that the store was built and measured with; `tools/chdb` pins the same.
pub const LIBRARY_VERSION: &str = "26.7.3-stable.1";

const FILE_NAME: &str = "libchdb.so";

/// Finds the library: `TACHO_CHDB_LIB`, next to the executable, then the cache that `make chdb` fills.
///
/// # Errors
/// [`LibraryError::Missing`] with the places that were looked at.
pub fn find_library() -> Result<PathBuf, LibraryError> {
    let from_environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let executable = std::env::current_exe().ok();
    let cache = from_environment("TACHO_CACHE")
        .or_else(|| from_environment("XDG_CACHE_HOME").map(|cache| cache.join("tacho")))
        .or_else(|| from_environment("HOME").map(|home| home.join(".cache").join("tacho")));
    let looked_at: Vec<PathBuf> = candidates(from_environment("TACHO_CHDB_LIB"), executable.as_deref(), cache);
    match looked_at.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(LibraryError::Missing { looked_at }),
    }
}

/// The places in their order. A library that was named is the only one looked at: a silent fallback would hide
/// the mistake.
fn candidates(named: Option<PathBuf>, executable: Option<&Path>, cache: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![named];
    }
    let beside = executable.and_then(Path::parent).map(|folder| folder.join(FILE_NAME));
    let cached = cache.map(|cache| cache.join("chdb").join(LIBRARY_VERSION).join(FILE_NAME));
    beside.into_iter().chain(cached).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_is_the_only_one_looked_at() {
        let named = Some(PathBuf::from("/opt/libchdb.so"));
        let found = candidates(named, Some(Path::new("/bin/tacho")), Some(PathBuf::from("/cache")));
        assert_eq!(found, [PathBuf::from("/opt/libchdb.so")]);
    }

    #[test]
    fn the_executable_s_folder_comes_before_the_cache() {
        let found = candidates(None, Some(Path::new("/bin/tacho")), Some(PathBuf::from("/cache")));
        let cached = PathBuf::from("/cache/chdb").join(LIBRARY_VERSION).join("libchdb.so");
        assert_eq!(found, [PathBuf::from("/bin/libchdb.so"), cached]);
    }
}
