//! Text of a batch, kept in one buffer instead of a string each.

/// A piece of a [`TextArena`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextRef {
    start: u32,
    len: u32,
}

impl TextRef {
    /// The empty text.
    pub const EMPTY: TextRef = TextRef { start: 0, len: 0 };
    /// True if the text is empty.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Append-only text buffer of one batch; at most 4 GiB.
#[derive(Debug, Clone, Default)]
pub struct TextArena {
    text: String,
}

impl TextArena {
    /// Appends `text` and returns where it stands.
    ///
    /// # Panics
    /// When the arena would exceed 4 GiB; batches are bounded far below.
    pub fn push(&mut self, text: &str) -> TextRef {
        if text.is_empty() {
            return TextRef::EMPTY;
        }
        let start = u32::try_from(self.text.len()).expect("a batch's text stays below 4 GiB");
        self.text.push_str(text);
        TextRef { start, len: text.len() as u32 }
    }

    /// The text at `at`, which must be of this arena.
    pub fn get(&self, at: TextRef) -> &str {
        &self.text[at.start as usize..at.start as usize + at.len as usize]
    }

    /// Makes room for `bytes` more bytes of text.
    pub fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes);
    }

    /// Bytes held.
    pub fn len_bytes(&self) -> usize {
        self.text.len()
    }

    /// Forgets all text, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
    }
}
