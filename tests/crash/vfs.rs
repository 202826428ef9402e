//! The glue between SQLite's file system interface and the model of storage.
//!
//! Each thread has a disk of its own, so tests do not meet. Nobody else locks: a lock is always given. No shared memory: WAL
//! works under `locking_mode = EXCLUSIVE`.
//!
//! SQLite: <https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>.

#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Once;
use std::time::{Duration, SystemTime};

use rusqlite::ffi;
use rusqlite::{Connection, OpenFlags};

use super::storage::{Disk, Image, Outcome, is_temporary};

/// The name of the database. No such folder exists.
pub(super) const DATABASE: &str = "/no such folder of schema-tests/app.db";

const NAME: &CStr = c"schema-tests-crash";

thread_local! {
    static DISK: RefCell<Disk> = RefCell::new(Disk::of(&Image::new()));
    static TEMPORARY: Cell<u64> = const { Cell::new(0) };
}

/// Puts another disk into this thread's machine. No connection may be open.
pub(super) fn insert(disk: Disk) {
    DISK.with(|cell| *cell.borrow_mut() = disk);
}

pub(super) fn with<T>(act: impl FnOnce(&mut Disk) -> T) -> T {
    DISK.with(|cell| act(&mut cell.borrow_mut()))
}

/// A connection to the database on this thread's disk, as SQLite opens it.
pub(super) fn open() -> rusqlite::Result<Connection> {
    register();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    Connection::open_with_flags_and_vfs(DATABASE, flags, NAME.to_str().unwrap_or_default())
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite asks for room and pointers that are valid for ever: both structs are leaked. All-zero is a valid
        // value of both, `None` for each function.
        let code = unsafe {
            let vfs: &'static mut ffi::sqlite3_vfs = Box::leak(Box::new(std::mem::zeroed()));
            vfs.iVersion = 1;
            vfs.szOsFile = c_int::try_from(size_of::<Handle>()).unwrap_or(0);
            vfs.mxPathname = 512;
            vfs.zName = NAME.as_ptr();
            vfs.xOpen = Some(x_open);
            vfs.xDelete = Some(x_delete);
            vfs.xAccess = Some(x_access);
            vfs.xFullPathname = Some(x_full_pathname);
            vfs.xRandomness = Some(x_randomness);
            vfs.xSleep = Some(x_sleep);
            vfs.xCurrentTime = Some(x_current_time);
            vfs.xGetLastError = Some(x_get_last_error);
            ffi::sqlite3_vfs_register(vfs, 0)
        };
        assert_eq!(code, ffi::SQLITE_OK, "the file system is registered");
    });
}

fn methods() -> ffi::sqlite3_io_methods {
    // SAFETY: all-zero is `None` for each function; version 1 has those that are set here.
    let mut methods: ffi::sqlite3_io_methods = unsafe { std::mem::zeroed() };
    methods.iVersion = 1;
    methods.xClose = Some(x_close);
    methods.xRead = Some(x_read);
    methods.xWrite = Some(x_write);
    methods.xTruncate = Some(x_truncate);
    methods.xSync = Some(x_sync);
    methods.xFileSize = Some(x_file_size);
    methods.xLock = Some(x_lock);
    methods.xUnlock = Some(x_lock);
    methods.xCheckReservedLock = Some(x_check_reserved_lock);
    methods.xFileControl = Some(x_file_control);
    methods.xSectorSize = Some(x_sector_size);
    methods.xDeviceCharacteristics = Some(x_device_characteristics);
    methods
}

/// What SQLite holds of an open file.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    file: *mut Open,
}

struct Open {
    methods: ffi::sqlite3_io_methods,
    name: String,
}

fn code(outcome: Outcome<()>) -> c_int {
    outcome.err().unwrap_or(ffi::SQLITE_OK)
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// The name of an open file.
///
/// # Safety
/// `file` was opened by `x_open` and not closed since; SQLite gives no other.
unsafe fn name<'a>(file: *mut ffi::sqlite3_file) -> &'a str {
    // SAFETY: as the caller promises.
    unsafe { &(*(*file.cast::<Handle>()).file).name }
}

/// # Safety
/// `text` is a C string, as SQLite gives it.
unsafe fn owned(text: *const c_char) -> String {
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn x_open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `file` has room for a `Handle`; a null `pMethods` tells SQLite not to close what did not open.
    unsafe {
        (*file).pMethods = ptr::null();
        let name = if path.is_null() {
            TEMPORARY.with(|number| number.set(number.get() + 1));
            format!("temporary {}", TEMPORARY.with(Cell::get))
        } else {
            owned(path)
        };
        if let Err(code) = with(|disk| disk.open(&name, flags & ffi::SQLITE_OPEN_CREATE != 0)) {
            return code;
        }
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        let open = Box::into_raw(Box::new(Open { methods: methods(), name }));
        let handle = file.cast::<Handle>();
        (*handle).file = open;
        (*handle).base.pMethods = &raw const (*open).methods;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `x_open` made the box, and SQLite closes once.
    let open = unsafe { Box::from_raw((*file.cast::<Handle>()).file) };
    if is_temporary(&open.name) {
        with(|disk| disk.forget(&open.name));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    len: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives a buffer of `len` bytes, which it has initialised or will not look at before.
    let (name, into) =
        unsafe { (name(file), std::slice::from_raw_parts_mut(into.cast::<u8>(), place(len.into()))) };
    match with(|disk| disk.read(name, place(at), into)) {
        Ok(read) if read == into.len() => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(code) => code,
    }
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    len: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives `len` bytes.
    let (name, from) =
        unsafe { (name(file), std::slice::from_raw_parts(from.cast::<u8>(), place(len.into()))) };
    code(with(|disk| disk.write(name, place(at), from)))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let name = unsafe { name(file) };
    code(with(|disk| disk.truncate(name, place(len))))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let name = unsafe { name(file) };
    code(with(|disk| disk.sync(name)))
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe {
        match with(|disk| disk.size(name(file))) {
            Ok(found) => *size = i64::try_from(found).unwrap_or(0),
            Err(code) => return code,
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(_: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: a place for the answer.
    unsafe { *held = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn x_sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    512
}

unsafe extern "C" fn x_device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn x_delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: a C string.
    let name = unsafe { owned(path) };
    code(with(|disk| disk.delete(&name, sync_folder != 0)))
}

unsafe extern "C" fn x_access(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    _: c_int,
    there: *mut c_int,
) -> c_int {
    // SAFETY: a C string, and a place for the answer.
    unsafe {
        let name = owned(path);
        match with(|disk| disk.exists(&name)) {
            Ok(found) => *there = c_int::from(found),
            Err(code) => return code,
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_full_pathname(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    into: *mut c_char,
) -> c_int {
    // SAFETY: a C string, and `room` bytes for its copy.
    unsafe {
        let bytes = CStr::from_ptr(path).to_bytes_with_nul();
        if bytes.len() > place(room.into()) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), into.cast::<u8>(), bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_randomness(_: *mut ffi::sqlite3_vfs, len: c_int, into: *mut c_char) -> c_int {
    // SAFETY: room for `len` bytes. SQLite seeds its generator by the default file system, not by this one.
    unsafe { ptr::write_bytes(into, 7, place(len.into())) };
    len
}

unsafe extern "C" fn x_sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn x_current_time(_: *mut ffi::sqlite3_vfs, days: *mut f64) -> c_int {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // SAFETY: a place for the answer, a Julian day.
    unsafe { *days = 2_440_587.5 + since.as_secs_f64() / 86_400.0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_get_last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}
