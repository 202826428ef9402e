//! What the connections of one machine share besides the bytes of files: locks, and the memory in which they index a log.
//!
//! Both are the machine's, not the disk's: nothing of them outlives the last connection. All connections of a test are of one thread.
//!
//! SQLite: <https://www.sqlite.org/lockingv3.html>, <https://www.sqlite.org/walformat.html#the_wal_index_file_format>.

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};

use rusqlite::ffi;

use super::storage::Outcome;

/// Of one file: what each open handle of it holds.
#[derive(Default)]
pub(super) struct Shared {
    levels: BTreeMap<u64, c_int>,
    /// By handle, a bit for each of the eight locks of a log's index: those held with others, those held alone.
    users: BTreeMap<u64, (u8, u8)>,
    regions: Vec<Region>,
}

/// A piece of memory whose address stays.
struct Region(*mut [u64]);

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: `Region::new` has leaked this box, and SQLite has given up all pointers into it with its last handle.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Region {
    fn new(bytes: usize) -> Region {
        Region(Box::into_raw(vec![0_u64; bytes.div_ceil(8)].into_boxed_slice()))
    }
}

impl Shared {
    fn others(&self, handle: u64) -> c_int {
        let others = self.levels.iter().filter(|(other, _)| **other != handle);
        others.map(|(_, level)| *level).max().unwrap_or(ffi::SQLITE_LOCK_NONE)
    }

    pub(super) fn lock(&mut self, handle: u64, level: c_int) -> Outcome<()> {
        let others = self.others(handle);
        let held = self.levels.entry(handle).or_default();
        let most = match level {
            ffi::SQLITE_LOCK_SHARED => ffi::SQLITE_LOCK_RESERVED,
            ffi::SQLITE_LOCK_EXCLUSIVE if others == ffi::SQLITE_LOCK_SHARED => {
                // No new readers; the old ones are waited for.
                *held = (*held).max(ffi::SQLITE_LOCK_PENDING);
                return Err(ffi::SQLITE_BUSY);
            }
            ffi::SQLITE_LOCK_EXCLUSIVE => ffi::SQLITE_LOCK_NONE,
            _ => ffi::SQLITE_LOCK_SHARED,
        };
        if *held < level && others > most {
            return Err(ffi::SQLITE_BUSY);
        }
        *held = (*held).max(level);
        Ok(())
    }

    pub(super) fn unlock(&mut self, handle: u64, level: c_int) {
        self.levels.insert(handle, level);
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.levels.values().any(|level| *level >= ffi::SQLITE_LOCK_RESERVED)
    }

    pub(super) fn close(&mut self, handle: u64) {
        self.levels.remove(&handle);
        self.unmap(handle);
    }

    /// The address of this piece of the index, null where it is not there and not to be made.
    pub(super) fn map(&mut self, handle: u64, region: usize, bytes: usize, make: bool) -> *mut c_void {
        self.users.entry(handle).or_default();
        while make && self.regions.len() <= region {
            self.regions.push(Region::new(bytes));
        }
        self.regions.get(region).map_or(std::ptr::null_mut(), |region| region.0.cast())
    }

    pub(super) fn unmap(&mut self, handle: u64) {
        self.users.remove(&handle);
        if self.users.is_empty() {
            self.regions.clear();
        }
    }

    /// `slots` is a bit for each lock.
    pub(super) fn lock_index(&mut self, handle: u64, slots: u8, flags: c_int) -> Outcome<()> {
        let alone = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
        let locks = flags & ffi::SQLITE_SHM_LOCK != 0;
        let mut others = self.users.iter().filter(|(other, _)| **other != handle);
        let conflict = others.any(|(_, (with, only))| slots & only != 0 || (alone && slots & with != 0));
        if locks && conflict {
            return Err(ffi::SQLITE_BUSY);
        }
        let (with, only) = self.users.entry(handle).or_default();
        let held = if alone { only } else { with };
        if locks {
            *held |= slots;
        } else {
            *held &= !slots;
        }
        Ok(())
    }
}
