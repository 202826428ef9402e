//! The glue between SQLite's file system interface and the model of storage.
//!
//! Each thread has a machine of its own, so tests do not meet. It is the file system that SQLite takes by default, because the
//! library opens paths and names no file system; all that is not on a thread's disk, as whatever other tests do, goes to the one
//! that was the default before. A thread with a disk has its temporary files there too.
//!
//! SQLite: <https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>.

#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering, fence};

use rusqlite::ffi;
use rusqlite::{Connection, OpenFlags};

use super::copies;
use super::shared::Shared;
use super::storage::{Disk, Image, Outcome, is_temporary};

/// The name of the database on the disk. No such folder exists.
pub(super) const DATABASE: &str = "/no such folder of schema-tests/app.db";

const NAME: &CStr = c"schema-tests-crash";

/// The file system of before.
static REAL: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
    static SHARED: RefCell<BTreeMap<String, Shared>> = const { RefCell::new(BTreeMap::new()) };
    /// The number of the last handle.
    static LAST: Cell<u64> = const { Cell::new(0) };
    /// A path of the real file system under which the database is reached too.
    static PATH: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts another disk into this thread's machine. No connection may be open.
pub(super) fn insert(disk: Disk) {
    SHARED.with(|shared| shared.borrow_mut().clear());
    DISK.with(|cell| *cell.borrow_mut() = Some(disk));
}

/// Whoever opens `path`, on this thread, gets the database on its disk.
pub(super) fn at(path: &Path) {
    PATH.with(|cell| *cell.borrow_mut() = Some(path.to_string_lossy().into_owned()));
}

/// Takes the machine away.
pub(super) fn remove() {
    PATH.with(|cell| *cell.borrow_mut() = None);
    DISK.with(|cell| *cell.borrow_mut() = None);
}

pub(super) fn with<T>(act: impl FnOnce(&mut Disk) -> T) -> T {
    DISK.with(|cell| act(cell.borrow_mut().get_or_insert_with(|| Disk::of(&Image::new()))))
}

fn has_disk() -> bool {
    DISK.with(|cell| cell.borrow().is_some())
}

fn shared<T>(name: &str, act: impl FnOnce(&mut Shared) -> T) -> T {
    SHARED.with(|cell| act(cell.borrow_mut().entry(name.to_owned()).or_default()))
}

/// The name on this thread's disk of what SQLite calls by `path`; `None` for what is not on it.
fn on_disk(path: &str) -> Option<String> {
    let rest = match path.strip_prefix(DATABASE) {
        Some(rest) => rest.to_owned(),
        None => PATH.with(|cell| {
            let rest = path.strip_prefix(cell.borrow().as_ref()?)?;
            (rest.is_empty() || rest.starts_with('-')).then(|| rest.to_owned())
        })?,
    };
    Some(format!("{DATABASE}{rest}"))
}

/// A connection to the database on this thread's disk, as SQLite opens it.
pub(super) fn open() -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    Connection::open_with_flags_and_vfs(DATABASE, flags, NAME.to_str().unwrap_or_default())
}

pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: what SQLite finds is valid, and stays. It asks for a struct that stays too: it is leaked. What is not replaced
        // in it, as the clock, makes no use of the struct that it is called with.
        let code = unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
            let real = ffi::sqlite3_vfs_find(ptr::null());
            REAL.store(real, Ordering::Release);
            let vfs = Box::leak(Box::new(*real));
            for size in [size_of::<Handle>(), size_of::<copies::Handle>()] {
                vfs.szOsFile = vfs.szOsFile.max(c_int::try_from(size).unwrap_or(0));
            }
            vfs.pNext = ptr::null_mut();
            vfs.zName = NAME.as_ptr();
            vfs.xOpen = Some(x_open);
            vfs.xDelete = Some(x_delete);
            vfs.xAccess = Some(x_access);
            vfs.xFullPathname = Some(x_full_pathname);
            ffi::sqlite3_vfs_register(vfs, 1)
        };
        assert_eq!(code, ffi::SQLITE_OK, "the file system is registered");
    });
}

fn methods() -> ffi::sqlite3_io_methods {
    // SAFETY: all-zero is `None` for each function; version 2 has those that are set here.
    let mut methods: ffi::sqlite3_io_methods = unsafe { std::mem::zeroed() };
    methods.iVersion = 2;
    methods.xClose = Some(x_close);
    methods.xRead = Some(x_read);
    methods.xWrite = Some(x_write);
    methods.xTruncate = Some(x_truncate);
    methods.xSync = Some(x_sync);
    methods.xFileSize = Some(x_file_size);
    methods.xLock = Some(x_lock);
    methods.xUnlock = Some(x_unlock);
    methods.xCheckReservedLock = Some(x_check_reserved_lock);
    methods.xFileControl = Some(x_file_control);
    methods.xSectorSize = Some(x_sector_size);
    methods.xDeviceCharacteristics = Some(x_device_characteristics);
    methods.xShmMap = Some(x_shm_map);
    methods.xShmLock = Some(x_shm_lock);
    methods.xShmBarrier = Some(x_shm_barrier);
    methods.xShmUnmap = Some(x_shm_unmap);
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
    /// Which of the handles of this thread.
    number: u64,
}

fn code(outcome: Outcome<()>) -> c_int {
    outcome.err().unwrap_or(ffi::SQLITE_OK)
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// # Safety
/// `file` was opened on a disk by `x_open` and not closed since; SQLite gives no other.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a Open {
    // SAFETY: as the caller promises.
    unsafe { &*(*file.cast::<Handle>()).file }
}

/// The name of an open file.
///
/// # Safety
/// As [`opened`].
unsafe fn name<'a>(file: *mut ffi::sqlite3_file) -> &'a str {
    // SAFETY: as the caller promises.
    unsafe { &opened(file).name }
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
    // SAFETY: `file` has room for a `Handle` and for a file of the real system; a null `pMethods` tells SQLite not to close what
    // did not open.
    unsafe {
        (*file).pMethods = ptr::null();
        let number = LAST.with(|last| last.replace(last.get() + 1)) + 1;
        let has_disk = has_disk();
        let name = match (path.is_null(), has_disk) {
            (true, true) => Some(format!("temporary {number}")),
            (false, true) => on_disk(&owned(path)),
            _ => None,
        };
        let Some(name) = name else {
            let real = REAL.load(Ordering::Acquire);
            if has_disk {
                return copies::open(real, path, file, flags, out_flags);
            }
            return (*real)
                .xOpen
                .map_or(ffi::SQLITE_CANTOPEN, |open| open(real, path, file, flags, out_flags));
        };
        if let Err(code) = with(|disk| disk.open(&name, flags & ffi::SQLITE_OPEN_CREATE != 0)) {
            return code;
        }
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        let open = Box::into_raw(Box::new(Open { methods: methods(), name, number }));
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
    shared(&open.name, |shared| shared.close(open.number));
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

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let open = unsafe { opened(file) };
    code(shared(&open.name, |shared| shared.lock(open.number, level)))
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let open = unsafe { opened(file) };
    shared(&open.name, |shared| shared.unlock(open.number, level));
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe { *held = c_int::from(shared(name(file), |shared| shared.is_reserved())) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    make: c_int,
    into: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe {
        let open = opened(file);
        *into = ptr::null_mut();
        if let Err(code) = with(Disk::look) {
            return code;
        }
        *into = shared(&open.name, |shared| {
            shared.map(open.number, place(region.into()), place(bytes.into()), make != 0)
        });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file.
    let open = unsafe { opened(file) };
    let slots = (first..first + count).fold(0, |slots, slot| slots | 1_u8 << slot);
    code(shared(&open.name, |shared| shared.lock_index(open.number, slots, flags)))
}

unsafe extern "C" fn x_shm_barrier(_: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn x_shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let open = unsafe { opened(file) };
    shared(&open.name, |shared| shared.unmap(open.number));
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
    // SAFETY: a C string; the real system is called as SQLite calls it.
    unsafe {
        let Some(name) = on_disk(&owned(path)) else {
            let real = REAL.load(Ordering::Acquire);
            let delete =
                || (*real).xDelete.map_or(ffi::SQLITE_IOERR, |delete| delete(real, path, sync_folder));
            return if has_disk() { copies::delete(delete) } else { delete() };
        };
        code(with(|disk| disk.delete(&name, sync_folder != 0)))
    }
}

unsafe extern "C" fn x_access(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    there: *mut c_int,
) -> c_int {
    // SAFETY: a C string, and a place for the answer; the real system is called as SQLite calls it.
    unsafe {
        let Some(name) = on_disk(&owned(path)) else {
            let real = REAL.load(Ordering::Acquire);
            return (*real).xAccess.map_or(ffi::SQLITE_IOERR, |access| access(real, path, flags, there));
        };
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
    // SAFETY: a C string, and `room` bytes for its copy; the real system is called as SQLite calls it.
    unsafe {
        let bytes = CStr::from_ptr(path).to_bytes_with_nul();
        if !bytes.starts_with(DATABASE.as_bytes()) {
            let real = REAL.load(Ordering::Acquire);
            return (*real).xFullPathname.map_or(ffi::SQLITE_CANTOPEN, |full| full(real, path, room, into));
        }
        if bytes.len() > place(room.into()) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), into.cast::<u8>(), bytes.len());
    }
    ffi::SQLITE_OK
}
