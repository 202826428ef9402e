//! Files of the operating system, where a thread with a disk opens them: backups and what is made of them. Each of their
//! operations can fail as those of the disk can, once, when it is full or by an I/O error; a power loss does nothing to them.

#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use rusqlite::ffi;

use super::storage::{Disk, Fault, Outcome};
use super::vfs::with;

/// What SQLite holds of an open file.
#[repr(C)]
pub(super) struct Handle {
    base: ffi::sqlite3_file,
    file: *mut Real,
}

struct Real {
    methods: ffi::sqlite3_io_methods,
    /// The file of the real system.
    memory: Box<[u64]>,
}

impl Real {
    fn file(&mut self) -> *mut ffi::sqlite3_file {
        self.memory.as_mut_ptr().cast()
    }
}

/// # Safety
/// As SQLite calls `xOpen`, with room for a [`Handle`]; `real` is a file system that stays.
pub(super) unsafe fn open(
    real: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    if let Err(code) = with(Disk::look) {
        return code;
    }
    // SAFETY: as the caller promises; the memory is what the real system asks for, and stays where it is until `x_close`.
    unsafe {
        let size = usize::try_from((*real).szOsFile).unwrap_or(0);
        let memory = vec![0_u64; size.div_ceil(8)].into_boxed_slice();
        let mut copy = Box::new(Real { methods: methods(), memory });
        let code = (*real)
            .xOpen
            .map_or(ffi::SQLITE_CANTOPEN, |open| open(real, path, copy.file(), flags, out_flags));
        if code != ffi::SQLITE_OK {
            if let Some(close) = (*copy.file()).pMethods.as_ref().and_then(|methods| methods.xClose) {
                close(copy.file());
            }
            return code;
        }
        let copy = Box::into_raw(copy);
        (*file.cast::<Handle>()).file = copy;
        (*file).pMethods = &raw const (*copy).methods;
    }
    ffi::SQLITE_OK
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

/// The file of the real system, and what can be done with it.
///
/// # Safety
/// `file` was opened by [`open`] and not closed since.
unsafe fn real<'a>(file: *mut ffi::sqlite3_file) -> (*mut ffi::sqlite3_file, &'a ffi::sqlite3_io_methods) {
    // SAFETY: as the caller promises; a file that was opened has methods.
    unsafe {
        let real = (*(*file.cast::<Handle>()).file).file();
        (real, &*(*real).pMethods)
    }
}

/// Does `act`, if no fault comes.
fn look(act: impl FnOnce() -> c_int) -> c_int {
    match with(Disk::look) {
        Ok(()) => act(),
        Err(code) => code,
    }
}

/// Does `act`, told of the fault that hits it, and says what SQLite is told.
fn change(writes: bool, act: impl FnOnce(Option<Fault>) -> c_int) -> c_int {
    let mut done = ffi::SQLITE_OK;
    let outcome: Outcome<()> = with(|disk| disk.elsewhere(writes, |fault| done = act(fault)));
    outcome.err().unwrap_or(done)
}

/// Deletes a file as `delete` does.
pub(super) fn delete(delete: impl FnOnce() -> c_int) -> c_int {
    change(false, |fault| if fault.is_none() { delete() } else { ffi::SQLITE_IOERR })
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` made the box, and SQLite closes once.
    unsafe {
        let (real, methods) = real(file);
        let code = methods.xClose.map_or(ffi::SQLITE_OK, |close| close(real));
        drop(Box::from_raw((*file.cast::<Handle>()).file));
        (*file).pMethods = ptr::null();
        code
    }
}

unsafe extern "C" fn x_read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    len: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: as SQLite calls it.
    let (real, methods) = unsafe { real(file) };
    look(|| methods.xRead.map_or(ffi::SQLITE_IOERR, |read| unsafe { read(real, into, len, at) }))
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    len: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: as SQLite calls it.
    let (real, methods) = unsafe { real(file) };
    change(true, |fault| {
        let len = match fault {
            Some(Fault::Full) => len / 2,
            Some(_) => return ffi::SQLITE_IOERR,
            None => len,
        };
        // SAFETY: as SQLite calls it, or less of it.
        methods.xWrite.map_or(ffi::SQLITE_IOERR, |write| unsafe { write(real, from, len, at) })
    })
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: as SQLite calls it.
    let (real, methods) = unsafe { real(file) };
    change(false, |fault| match (fault, methods.xTruncate) {
        // SAFETY: as SQLite calls it.
        (None, Some(truncate)) => unsafe { truncate(real, len) },
        _ => ffi::SQLITE_IOERR,
    })
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    let (real, methods) = unsafe { real(file) };
    change(false, |fault| match (fault, methods.xSync) {
        // SAFETY: as SQLite calls it.
        (None, Some(sync)) => unsafe { sync(real, flags) },
        _ => ffi::SQLITE_IOERR,
    })
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: as SQLite calls it.
    let (real, methods) = unsafe { real(file) };
    // SAFETY: as SQLite calls it.
    look(|| methods.xFileSize.map_or(ffi::SQLITE_IOERR, |get| unsafe { get(real, size) }))
}

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xLock.map_or(ffi::SQLITE_IOERR, |lock| lock(real, level))
    }
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xUnlock.map_or(ffi::SQLITE_IOERR, |unlock| unlock(real, level))
    }
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xCheckReservedLock.map_or(ffi::SQLITE_IOERR, |check| check(real, held))
    }
}

unsafe extern "C" fn x_file_control(file: *mut ffi::sqlite3_file, what: c_int, with: *mut c_void) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xFileControl.map_or(ffi::SQLITE_NOTFOUND, |control| control(real, what, with))
    }
}

unsafe extern "C" fn x_sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xSectorSize.map_or(0, |size| size(real))
    }
}

unsafe extern "C" fn x_device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xDeviceCharacteristics.map_or(0, |characteristics| characteristics(real))
    }
}

unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    make: c_int,
    into: *mut *mut c_void,
) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xShmMap.map_or(ffi::SQLITE_IOERR, |map| map(real, region, bytes, make, into))
    }
}

unsafe extern "C" fn x_shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xShmLock.map_or(ffi::SQLITE_IOERR, |lock| lock(real, first, count, flags))
    }
}

unsafe extern "C" fn x_shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        if let Some(barrier) = methods.xShmBarrier {
            barrier(real);
        }
    }
}

unsafe extern "C" fn x_shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (real, methods) = real(file);
        methods.xShmUnmap.map_or(ffi::SQLITE_IOERR, |unmap| unmap(real, delete))
    }
}
