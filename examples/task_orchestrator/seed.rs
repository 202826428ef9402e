//! A few thousand rows, as the first version of the program would have written them.

use std::error::Error;

use schema_runtime::rusqlite::Connection;

use crate::store::insert;
use crate::v1::{Activity, Artifact, Dependency, Meta, Status, Subtask, Task};

const TASKS: i64 = 600;

/// Fills the tables of version 1.
pub fn fill(conn: &mut Connection) -> Result<(), Box<dyn Error>> {
    let transaction = conn.transaction()?;
    insert(&transaction, &(1..=TASKS).map(task).collect::<Vec<_>>())?;
    insert(&transaction, &(1..=TASKS * 3).map(subtask).collect::<Vec<_>>())?;
    insert(&transaction, &(2..=TASKS).map(dependency).collect::<Vec<_>>())?;
    insert(&transaction, &(1..=TASKS / 2).map(artifact).collect::<Vec<_>>())?;
    insert(&transaction, &(1..=TASKS * 4).map(activity).collect::<Vec<_>>())?;
    transaction.commit()?;
    Ok(())
}

fn day(id: i64) -> String {
    format!("2026-{:02}-{:02}T{:02}:00:00Z", id % 12 + 1, id % 28 + 1, id % 24)
}

fn task(id: i64) -> Task {
    const VERBS: [&str; 5] = ["Build", "Test", "Review", "Deploy", "Measure"];
    const OBJECTS: [&str; 4] = ["the importer", "the \"new\" index", "Zoë's report", "drop table; --"];
    let status = [Status::Pending, Status::Running, Status::Done];
    let verb = VERBS[id as usize % VERBS.len()];
    Task {
        id,
        slug: format!("{}-{id}", verb.to_lowercase()),
        title: format!("{verb} {}", OBJECTS[id as usize % OBJECTS.len()]),
        status: status[id as usize % status.len()],
        priority: (id % 10) as u8,
        estimate: format!("{}m", id % 9 * 15),
        assignee: (id % 3 != 0).then(|| format!("worker {}", id % 7)),
        color: (id % 2 == 0).then(|| format!("#{:06x}", id * 4_099)),
        ticket: (id % 5 == 0).then(|| format!("OLD-{id}")),
        created: day(id),
    }
}

fn subtask(id: i64) -> Subtask {
    Subtask {
        id,
        task_id: (id - 1) / 3 + 1,
        position: (id % 3) as u32,
        title: format!("part {}", id % 3 + 1),
        done: id % 4 == 0,
    }
}

fn dependency(task_id: i64) -> Dependency {
    Dependency { task_id, needs_id: task_id / 2 }
}

fn artifact(id: i64) -> Artifact {
    Artifact {
        id,
        task_id: id * 2,
        name: format!("log-{id}.txt"),
        meta: Meta {
            mime: "text/plain".to_owned(), tags: vec![format!("run {}", id % 5), "🪵".to_owned()]
        },
        content: id.to_be_bytes().repeat(8),
    }
}

fn activity(id: i64) -> Activity {
    Activity {
        id,
        task_id: (id % 50 != 0).then(|| id % TASKS + 1),
        at: day(id),
        message: format!("step {id} is done"),
    }
}
