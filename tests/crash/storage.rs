//! The model of storage: files in memory, of which only what was synced is sure to survive, and one fault that can be
//! ordered at any operation.
//!
//! What a power loss does to everything else: each write is kept, lost, or torn at 512 bytes; a file that was never synced
//! may be missing; a deletion may be undone as long as its folder was not synced. The bytes beside a write stay as they are
//! (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`, which SQLite's own file systems assume too).
//!
//! SQLite: <https://www.sqlite.org/atomiccommit.html>, section 2.

use std::collections::BTreeMap;

use rusqlite::ffi;
use schema_runtime::testing::Dice;

/// Files by name, as they lie on a disk at rest.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// At any operation that changes something; everything fails from then on.
    PowerLoss,
    /// Once, at a write, half of which is made.
    Full,
    /// Once, at any operation.
    IoError,
}

pub(super) const FAULTS: [Fault; 3] = [Fault::PowerLoss, Fault::Full, Fault::IoError];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Look,
    Write,
    Other,
    /// Of a file that is not on this disk.
    WriteElsewhere,
    Elsewhere,
}

impl Fault {
    fn concerns(self, op: Op) -> bool {
        match self {
            Fault::PowerLoss => matches!(op, Op::Write | Op::Other),
            Fault::Full => matches!(op, Op::Write | Op::WriteElsewhere),
            Fault::IoError => true,
        }
    }

    fn at(self) -> usize {
        self as usize
    }
}

/// A change that no sync has made sure.
#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Default)]
struct File {
    current: Vec<u8>,
    /// `None` while not even the name is sure to survive.
    durable: Option<Vec<u8>>,
    pending: Vec<Change>,
}

/// A disk with its fault.
pub(super) struct Disk {
    files: BTreeMap<String, File>,
    /// Deleted, and not yet for sure.
    ghosts: BTreeMap<String, File>,
    /// Which fault, and at which of the operations that it concerns, from 1.
    fault: Option<(Fault, u64)>,
    counts: [u64; FAULTS.len()],
    survivors: Option<Image>,
    dice: Dice,
}

/// What the call gets instead of its effect: SQLite's result code.
pub(super) type Outcome<T> = Result<T, i32>;

impl Disk {
    /// A disk at rest.
    pub(super) fn of(image: &Image) -> Disk {
        let file = |bytes: &Vec<u8>| File {
            current: bytes.clone(),
            durable: Some(bytes.clone()),
            pending: Vec::new(),
        };
        Disk {
            files: image.iter().map(|(name, bytes)| (name.clone(), file(bytes))).collect(),
            ghosts: BTreeMap::new(),
            fault: None,
            counts: [0; FAULTS.len()],
            survivors: None,
            dice: Dice::new(0),
        }
    }

    /// From here on operations are counted, and the fault comes at this one.
    pub(super) fn arm(&mut self, fault: Option<(Fault, u64)>, seed: u64) {
        self.fault = fault;
        self.counts = [0; FAULTS.len()];
        self.dice = Dice::new(seed);
    }

    /// How many operations the fault could have hit.
    pub(super) fn count(&self, fault: Fault) -> u64 {
        self.counts[fault.at()]
    }

    /// Whether the fault has come.
    pub(super) fn struck(&self) -> bool {
        self.fault.is_some_and(|(fault, at)| self.counts[fault.at()] >= at)
    }

    /// What a restart finds: after a power loss what survived, else all that was written.
    pub(super) fn image(&self) -> Image {
        if let Some(survivors) = &self.survivors {
            return survivors.clone();
        }
        let named = self.files.iter().filter(|(name, _)| !is_temporary(name));
        named.map(|(name, file)| (name.clone(), file.current.clone())).collect()
    }

    /// Something is asked for that changes nothing.
    pub(super) fn look(&mut self) -> Outcome<()> {
        self.begin(Op::Look)
    }

    /// A change of a file that is not on this disk. `act` is told of the fault that hits it.
    pub(super) fn elsewhere(&mut self, writes: bool, act: impl FnOnce(Option<Fault>)) -> Outcome<()> {
        self.change(if writes { Op::WriteElsewhere } else { Op::Elsewhere }, |_, fault| act(fault))
    }

    pub(super) fn exists(&mut self, name: &str) -> Outcome<bool> {
        self.begin(Op::Look)?;
        Ok(self.files.contains_key(name))
    }

    pub(super) fn open(&mut self, name: &str, create: bool) -> Outcome<()> {
        if self.files.contains_key(name) {
            return self.begin(Op::Look);
        }
        if !create {
            self.begin(Op::Look)?;
            return Err(ffi::SQLITE_CANTOPEN);
        }
        self.change(Op::Other, |disk, _| {
            disk.files.insert(name.to_owned(), File::default());
        })
    }

    pub(super) fn delete(&mut self, name: &str, for_sure: bool) -> Outcome<()> {
        if !self.files.contains_key(name) {
            self.begin(Op::Look)?;
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        self.change(Op::Other, |disk, fault| {
            if fault == Some(Fault::IoError) {
                return;
            }
            if let Some(file) = disk.files.remove(name) {
                if for_sure && fault.is_none() {
                    disk.ghosts.remove(name);
                } else if file.durable.is_some() {
                    disk.ghosts.insert(name.to_owned(), file);
                }
            }
        })
    }

    /// A temporary file that was closed.
    pub(super) fn forget(&mut self, name: &str) {
        self.files.remove(name);
    }

    pub(super) fn size(&mut self, name: &str) -> Outcome<usize> {
        self.begin(Op::Look)?;
        Ok(self.files.get(name).map_or(0, |file| file.current.len()))
    }

    /// How many bytes were there to read; the rest is zeros.
    pub(super) fn read(&mut self, name: &str, at: usize, into: &mut [u8]) -> Outcome<usize> {
        self.begin(Op::Look)?;
        into.fill(0);
        let bytes = self.files.get(name).and_then(|file| file.current.get(at..)).unwrap_or_default();
        let len = bytes.len().min(into.len());
        into[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }

    pub(super) fn write(&mut self, name: &str, at: usize, bytes: &[u8]) -> Outcome<()> {
        self.change(Op::Write, |disk, fault| {
            let made = match fault {
                Some(Fault::Full) => &bytes[..bytes.len() / 2],
                Some(Fault::IoError) => return,
                _ => bytes,
            };
            disk.note(name, Change::Write(at, made.to_vec()));
        })
    }

    pub(super) fn truncate(&mut self, name: &str, len: usize) -> Outcome<()> {
        self.change(Op::Other, |disk, fault| {
            if fault != Some(Fault::IoError) {
                disk.note(name, Change::Truncate(len));
            }
        })
    }

    /// Of a new file, other than the database, SQLite syncs the folder too; so all names in it are sure.
    ///
    /// SQLite: `unixSync` in `os_unix.c`, of files that were opened as a journal or a log.
    pub(super) fn sync(&mut self, name: &str) -> Outcome<()> {
        self.change(Op::Other, |disk, fault| {
            let (None, Some(file)) = (fault, disk.files.get_mut(name)) else { return };
            let is_new = file.durable.is_none() && !is_database(name);
            file.durable = Some(file.current.clone());
            file.pending.clear();
            disk.ghosts.remove(name);
            if is_new {
                disk.ghosts.clear();
                for file in disk.files.values_mut() {
                    file.durable.get_or_insert_with(Vec::new);
                }
            }
        })
    }

    fn note(&mut self, name: &str, change: Change) {
        if let Some(file) = self.files.get_mut(name) {
            make(&mut file.current, &change);
            if !is_temporary(name) {
                file.pending.push(change);
            }
        }
    }

    /// Counts the operation; the fault, where it is its turn.
    fn turn(&mut self, op: Op) -> Outcome<Option<Fault>> {
        if self.survivors.is_some() {
            return Err(ffi::SQLITE_IOERR);
        }
        for fault in FAULTS.into_iter().filter(|fault| fault.concerns(op)) {
            self.counts[fault.at()] += 1;
        }
        let due = self.fault.filter(|(fault, at)| fault.concerns(op) && self.counts[fault.at()] == *at);
        Ok(due.map(|(fault, _)| fault))
    }

    fn begin(&mut self, op: Op) -> Outcome<()> {
        if self.turn(op)?.is_some() { Err(ffi::SQLITE_IOERR) } else { Ok(()) }
    }

    /// `act` is told of the fault that hits it, and does what the fault leaves of the operation.
    fn change(&mut self, op: Op, act: impl FnOnce(&mut Disk, Option<Fault>)) -> Outcome<()> {
        let fault = self.turn(op)?;
        act(self, fault);
        match fault {
            None => Ok(()),
            Some(Fault::Full) => Err(ffi::SQLITE_FULL),
            Some(Fault::IoError) => Err(ffi::SQLITE_IOERR),
            Some(Fault::PowerLoss) => {
                self.power_off();
                Err(ffi::SQLITE_IOERR)
            }
        }
    }

    fn power_off(&mut self) {
        // Besides the mixture the two extremes, which chance alone would hardly ever give.
        let mood = self.dice.roll(5);
        let mut image = Image::new();
        for (name, file) in self.ghosts.iter().filter(|(name, _)| !self.files.contains_key(*name)) {
            if self.dice.one_in(2) {
                image.insert(name.clone(), file.survive(mood, &mut self.dice));
            }
        }
        for (name, file) in self.files.iter().filter(|(name, _)| !is_temporary(name)) {
            if file.durable.is_some() || !self.dice.one_in(2) {
                image.insert(name.clone(), file.survive(mood, &mut self.dice));
            } else if let Some(ghost) = self.ghosts.get(name) {
                image.insert(name.clone(), ghost.survive(mood, &mut self.dice));
            }
        }
        self.survivors = Some(image);
    }
}

impl File {
    fn survive(&self, mood: u64, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone().unwrap_or_default();
        for change in &self.pending {
            let fate = if mood < 2 { mood } else { dice.roll(3) };
            match (fate, change) {
                (0, _) => {}
                (2, Change::Write(at, written)) => tear(&mut bytes, *at, written, dice),
                _ => make(&mut bytes, change),
            }
        }
        bytes
    }
}

fn make(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, written) => {
            let end = at + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(written);
        }
        Change::Truncate(len) => bytes.truncate(*len),
    }
}

/// Some sectors of a write; of one of them perhaps noise.
fn tear(bytes: &mut Vec<u8>, at: usize, written: &[u8], dice: &mut Dice) {
    for (number, piece) in written.chunks(SECTOR).enumerate() {
        let at = at + number * SECTOR;
        match dice.roll(8) {
            0..4 => make(bytes, &Change::Write(at, piece.to_vec())),
            4 => {
                let noise = piece.iter().map(|byte| byte ^ u8::try_from(dice.roll(256)).unwrap_or(1));
                make(bytes, &Change::Write(at, noise.collect()));
            }
            _ => {}
        }
    }
}

fn is_database(name: &str) -> bool {
    !["-journal", "-wal"].iter().any(|suffix| name.ends_with(suffix))
}

/// Files that SQLite gave no name.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with("temporary ")
}
