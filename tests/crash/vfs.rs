//! A disk in memory that loses power and fails on demand, as a VFS of SQLite: one disk a thread.
//!
//! A file has what it holds now, what is durable, and the operations between them. A sync makes all of it durable; power loss keeps what is
//! durable and none, all, or some of the rest, writes torn at sectors. A deletion that is not synced may come back.
//!
//! SQLite: <https://www.sqlite.org/vfs.html>.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Once;

use rusqlite::ffi;

use crate::support::dice::Dice;

/// The name under which the VFS is registered.
pub const NAME: &str = "schema-crash";

const SECTOR: usize = 512;

#[derive(Clone)]
enum Operation {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

impl Operation {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Operation::Write { at, bytes } => {
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Operation::Truncate { size } => content.resize(*size, 0),
        }
    }
}

#[derive(Clone, Default)]
struct File {
    current: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Operation>,
    /// Whether the file itself survives: it was synced once.
    there: bool,
    /// Deleted, and the deletion is not durable.
    deleted: bool,
}

/// What becomes of operations that were not synced when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    Lost,
    Kept,
    Torn,
}

/// A fault at one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// From here on nothing works.
    Power,
    /// Once.
    Full,
    /// Once.
    Io,
}

/// The files, and what is to go wrong.
#[derive(Clone, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    dead: bool,
}

thread_local! {
    static DISK: RefCell<Disk> = RefCell::new(Disk::default());
}

impl Disk {
    /// Puts this disk in, as it is after a clean shutdown.
    pub fn insert(&self) {
        DISK.with(|disk| *disk.borrow_mut() = self.clone());
    }

    /// A copy of the disk of this thread.
    pub fn now() -> Disk {
        DISK.with(|disk| disk.borrow().clone())
    }

    /// How many operations there were since `arm`.
    pub fn operations() -> u64 {
        DISK.with(|disk| disk.borrow().operations)
    }

    /// Counts operations from here on, and fails at one of them.
    pub fn arm(fault: Option<(u64, Fault)>) {
        DISK.with(|disk| {
            let mut disk = disk.borrow_mut();
            (disk.operations, disk.fault, disk.dead) = (0, fault, false);
        });
    }

    /// The disk as it is found when the power is back.
    pub fn survived(&self, unsynced: Unsynced, dice: &mut Dice) -> Disk {
        let mut files = BTreeMap::new();
        for (name, file) in &self.files {
            let kept = match unsynced {
                Unsynced::Lost => file.there,
                Unsynced::Kept => !file.deleted,
                Unsynced::Torn => {
                    (file.there && (!file.deleted || dice.one_in(2))) || (!file.deleted && dice.one_in(2))
                }
            };
            if !kept {
                continue;
            }
            let mut content = file.durable.clone();
            for operation in &file.pending {
                match (unsynced, operation) {
                    (Unsynced::Lost, _) => {}
                    (Unsynced::Kept, _) => operation.apply(&mut content),
                    (Unsynced::Torn, Operation::Write { at, bytes }) => {
                        for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                            if dice.one_in(2) {
                                let at = at + index * SECTOR;
                                Operation::Write { at, bytes: sector.to_vec() }.apply(&mut content);
                            }
                        }
                    }
                    (Unsynced::Torn, Operation::Truncate { .. }) => {
                        if dice.one_in(2) {
                            operation.apply(&mut content);
                        }
                    }
                }
            }
            let file = File { current: content.clone(), durable: content, there: true, ..File::default() };
            files.insert(name.clone(), file);
        }
        Disk { files, ..Disk::default() }
    }

    /// Counts one operation; the code of the error that it ends with, if it does.
    fn count(&mut self, io: c_int) -> Option<c_int> {
        if self.dead {
            return Some(io);
        }
        let at = self.operations;
        self.operations += 1;
        match self.fault.filter(|(when, _)| *when == at)? {
            (_, Fault::Power) => {
                self.dead = true;
                Some(io)
            }
            (_, Fault::Full) => Some(ffi::SQLITE_FULL),
            (_, Fault::Io) => Some(io),
        }
    }
}

#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    name: *mut String,
}

/// The file of a handle, after one operation was counted.
///
/// # Safety
/// `file` is a handle that `open` has filled.
unsafe fn with<T>(file: *mut ffi::sqlite3_file, act: impl FnOnce(&mut Disk, &str) -> T) -> T {
    let name = unsafe { &*(*file.cast::<Handle>()).name };
    DISK.with(|disk| act(&mut disk.borrow_mut(), name))
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let handle = file.cast::<Handle>();
    drop(unsafe { Box::from_raw((*handle).name) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, amount: c_int, at: i64) -> c_int {
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), usize::try_from(amount).unwrap_or(0)) };
    unsafe {
        with(file, |disk, name| {
            if disk.dead {
                return ffi::SQLITE_IOERR_READ;
            }
            let content = disk.files.get(name).map(|file| file.current.as_slice()).unwrap_or_default();
            let from = content.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default();
            let there = from.len().min(to.len());
            to[..there].copy_from_slice(&from[..there]);
            to[there..].fill(0);
            if there < to.len() { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK }
        })
    }
}

/// Does an operation on a file, now and, when it is synced, for ever.
fn operate(disk: &mut Disk, name: &str, operation: Operation, io: c_int) -> c_int {
    if let Some(code) = disk.count(io) {
        return code;
    }
    let file = disk.files.entry(name.to_owned()).or_default();
    operation.apply(&mut file.current);
    file.pending.push(operation);
    ffi::SQLITE_OK
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    let bytes =
        unsafe { std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(amount).unwrap_or(0)) };
    let operation = Operation::Write { at: usize::try_from(at).unwrap_or(0), bytes: bytes.to_vec() };
    unsafe { with(file, |disk, name| operate(disk, name, operation, ffi::SQLITE_IOERR_WRITE)) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let operation = Operation::Truncate { size: usize::try_from(size).unwrap_or(0) };
    unsafe { with(file, |disk, name| operate(disk, name, operation, ffi::SQLITE_IOERR_TRUNCATE)) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    unsafe {
        with(file, |disk, name| {
            if let Some(code) = disk.count(ffi::SQLITE_IOERR_FSYNC) {
                return code;
            }
            if let Some(file) = disk.files.get_mut(name) {
                file.durable.clone_from(&file.current);
                file.pending.clear();
                file.there = true;
            }
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    let len = unsafe { with(file, |disk, name| disk.files.get(name).map_or(0, |file| file.current.len())) };
    unsafe { *size = i64::try_from(len).unwrap_or(0) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(_: *mut ffi::sqlite3_file, reserved: *mut c_int) -> c_int {
    unsafe { *reserved = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut ffi::sqlite3_file) -> c_int {
    c_int::try_from(SECTOR).unwrap_or(512)
}

unsafe extern "C" fn traits(_: *mut ffi::sqlite3_file) -> c_int {
    0
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(traits),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    unsafe { (*handle).base.pMethods = ptr::null() };
    let name = if name.is_null() {
        // A temporary file, which nobody finds again.
        format!("temporary {handle:p}")
    } else {
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    };
    let ready = DISK.with(|disk| {
        let mut disk = disk.borrow_mut();
        let there = disk.files.get(&name).is_some_and(|file| !file.deleted);
        if disk.dead || (!there && flags & ffi::SQLITE_OPEN_CREATE == 0) {
            return false;
        }
        if !there {
            disk.files.insert(name.clone(), File::default());
        }
        true
    });
    if !ready {
        return ffi::SQLITE_CANTOPEN;
    }
    unsafe {
        (*handle).name = Box::into_raw(Box::new(name));
        (*handle).base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, durable: c_int) -> c_int {
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    DISK.with(|disk| {
        let mut disk = disk.borrow_mut();
        if let Some(code) = disk.count(ffi::SQLITE_IOERR_DELETE) {
            return code;
        }
        let Some(file) = disk.files.get_mut(&name).filter(|file| !file.deleted) else {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        };
        if durable != 0 || !file.there {
            disk.files.remove(&name);
        } else {
            file.deleted = true;
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let there = DISK.with(|disk| disk.borrow().files.get(name.as_ref()).is_some_and(|file| !file.deleted));
    unsafe { *out = c_int::from(there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    most: c_int,
    out: *mut c_char,
) -> c_int {
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > usize::try_from(most).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, amount: c_int, out: *mut c_char) -> c_int {
    // The same at each run.
    unsafe { ptr::write_bytes(out, 7, usize::try_from(amount).unwrap_or(0)) };
    amount
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, time: c_int) -> c_int {
    time
}

unsafe extern "C" fn time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    unsafe { *out = 2_461_372.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

/// Registers the VFS, once a process. It is never the default one.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let name = format!("{NAME}\0").leak();
        // SAFETY: all that is left out may be zero: pointers and optional functions.
        let mut vfs: ffi::sqlite3_vfs = unsafe { std::mem::zeroed() };
        vfs.iVersion = 1;
        vfs.szOsFile = c_int::try_from(size_of::<Handle>()).expect("small");
        vfs.mxPathname = 512;
        vfs.zName = name.as_ptr().cast();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        vfs.xAccess = Some(access);
        vfs.xFullPathname = Some(full_path);
        vfs.xRandomness = Some(randomness);
        vfs.xSleep = Some(sleep);
        vfs.xCurrentTime = Some(time);
        vfs.xGetLastError = Some(last_error);
        // SAFETY: the structure lives as long as the process.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 0) };
        assert_eq!(code, ffi::SQLITE_OK);
    });
}
