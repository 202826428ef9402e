//! What numbered migrations make of an empty database, as a model.

use crate::error::Result;
use crate::migration::Migrations;
use crate::model::{Model, ModelOptions};
use crate::replaced::Replaced;
use crate::trial::{Trial, unfit};

impl Model {
    /// What `migrations` make of an empty database, one after the other, functions too; no database of the user's is opened. A baseline runs
    /// instead of what it replaces.
    ///
    /// # Errors
    /// `Migration` if one of them fails on an empty database.
    pub fn from_migrations(migrations: &Migrations, name: &str, options: &ModelOptions) -> Result<Model> {
        let over = Replaced::settle(migrations, &|_| None);
        let mut trial = Trial::empty(options.hook.as_ref())?;
        for migration in migrations.list.iter().filter(|migration| !over.passes_over(migration)) {
            trial.run(migration, &migration.up).map_err(|error| {
                unfit("the migrations do not run on an empty database", &error)
                    .cause(format!("at {}", migration.title()))
                    .restate("no database was touched")
                    .help("mend the file, or take the schema from a database that has them all")
            })?;
        }
        Ok(Model::explicit(name, "", trial.catalog()?))
    }
}
