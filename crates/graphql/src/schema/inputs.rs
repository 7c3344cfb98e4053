//! Input types that write records of one object.

use async_graphql::dynamic::InputObject;
use metadata::catalog::{Field as CatalogField, Object};

use super::field::Shape;
use super::outputs::description;
use super::{Builder, input, input_type, names};

pub(super) fn register(builder: &mut Builder<'_>, object: &Object) {
    let Some(object) = builder.catalog.object(&object.name) else { return };
    let fields = builder.fields(object);
    reference(builder, object, &fields);
    polymorphic(builder, object, &fields);
    for suffix in ["CreateInput", "UpdateInput"] {
        data(builder, object, &fields, suffix);
    }
}

/// `AccountRef`, how a record is named in data, and `AccountManyRef`, how many are joined and parted.
fn reference(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let (one, many) = (names.with("Ref"), names.with("ManyRef"));
    let mut ty = InputObject::new(&one)
        .description(
            "Names a record by its id or by the value of one of its unique fields; exactly one of them.",
        )
        .field(input("id", "ID"));
    for (field, shape) in fields {
        if let Shape::Value(value) = shape
            && !field.system
            && object.identifies(&field.name)
        {
            ty = ty.field(input(&field.name, &value.output()));
        }
    }
    builder.add(&one, ty);
    let list = format!("[{one}!]");
    builder.add(&many, input_type(&many, [("connect", list.as_str()), ("disconnect", &list)]));
}

fn polymorphic(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    for (field, shape) in fields {
        if let Shape::OneOf(to) = shape {
            let name = names::field_enum(&object.name, &field.name) + "Ref";
            let ty = to
                .iter()
                .fold(InputObject::new(&name), |ty, to| ty.field(input(to, &builder.names(to).with("Ref"))));
            builder
                .add(&name, ty.description("Names the record of one of these objects; exactly one of them."));
        }
    }
}

fn data(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)], suffix: &str) {
    let name = builder.names(&object.name).with(suffix);
    let mut ty = InputObject::new(&name).description("An absent field is left alone, null clears it.");
    let mut any = false;
    for (field, shape) in fields {
        // When a record entered its stage is written only to take in past logs.
        let past = object.lifecycle_field(&field.name).is_some() && &*field.name == "stageEnteredAt";
        if !field.writable() && !past {
            continue;
        }
        let of = match shape {
            Shape::Value(value) => value.output(),
            Shape::Parts(composite) => format!("{}Input", composite.type_name()),
            Shape::One(to) => builder.names(to).with("Ref"),
            Shape::OneOf(_) => names::field_enum(&object.name, &field.name) + "Ref",
            Shape::Many(to) => builder.names(to).with("ManyRef"),
        };
        ty = ty.field(input(&field.name, &of).description(description(field)));
        any = true;
    }
    if any {
        builder.add(&name, ty);
    }
}
