//! The schema as text, and how fast it is made.

use std::sync::Arc;
use std::time::Instant;

use metadata::Catalog;

use super::surface;
use crate::sample::{field, lookup, name, object, text};
use crate::surface::Surface;

#[test]
fn the_schema_of_the_sample() {
    insta::assert_snapshot!(surface().sdl());
}

fn large(objects: usize, fields: usize) -> Arc<Catalog> {
    let mut catalog = Catalog { version: 1, hash: "large".into(), ..Catalog::default() };
    for number in 0..objects {
        let mut of: Vec<_> =
            (0..fields).map(|field_number| field(&format!("field{field_number}"), text())).collect();
        of.push(field("other", lookup(&format!("object{}", (number + 1) % objects), None)));
        let made = object(&format!("object{number}"), &format!("objects{number}"), of);
        catalog.objects.insert(name(&format!("object{number}")), Arc::new(made));
    }
    Arc::new(catalog)
}

#[test]
fn large_catalogs_have_schemas_in_time() {
    // Bounds for unoptimised code on a busy machine: they catch what grows faster than the catalog.
    for (objects, fields, most) in [(40, 30, 3_000), (70, 12, 3_000), (500, 10, 20_000), (1, 390, 3_000)] {
        let catalog = large(objects, fields);
        let start = Instant::now();
        let surface = Surface::build(&catalog).expect("a schema");
        let took = start.elapsed().as_millis();
        assert!(took < most, "{objects} objects of {fields} fields took {took} ms");
        let list = format!("{{ objects{} {{ nodes {{ id other {{ field0 }} }} }} }}", objects - 1);
        surface.prepare(&list).expect("a document on it");
    }
}

#[test]
fn colliding_names_are_an_error_and_no_panic() {
    let mut catalog = (*large(2, 1)).clone();
    catalog
        .objects
        .insert(name("object0Filter"), Arc::new(object("object0Filter", "object0Filters", Vec::new())));
    Surface::build(&Arc::new(catalog)).expect_err("two types of one name");
}
