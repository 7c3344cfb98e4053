//! The fields that records have because their object has lifecycles.

use std::sync::Arc;

use indexmap::IndexMap;

use super::DraftLifecycle;
use crate::catalog::{Choice, Choices, Field, FieldType, NumberLimits};
use crate::name::Name;
use crate::resolve::draft::{Draft, DraftField, DraftObject};
use crate::resolve::fields::made;

/// `lifecycle`, `stage`, `stageEnteredAt` and `pass`; nothing for an object without lifecycles.
pub fn system_fields(
    object: &Name,
    draft: &Draft,
) -> Vec<(&'static str, &'static str, &'static str, FieldType)> {
    let of_object = || draft.lifecycles.values().filter(|lifecycle| lifecycle.object == *object);
    if of_object().next().is_none() {
        return Vec::new();
    }
    let (lifecycles, stages) = (lifecycle_choices(object, of_object()), stage_choices(object, of_object()));
    vec![
        ("lifecycle", "Lifecycle", "生命周期", FieldType::Select(Arc::new(lifecycles))),
        ("stage", "Stage", "阶段", FieldType::Select(Arc::new(stages))),
        ("stageEnteredAt", "In stage since", "进入阶段时间", FieldType::DateTime),
        ("pass", "Pass", "进入次数", FieldType::Int(NumberLimits::default())),
    ]
}

/// Puts titles that translations gave to lifecycles and stages into the choices of the fields.
pub fn label(draft: &mut Draft) {
    let names: Vec<Name> = draft.objects.keys().cloned().collect();
    for name in names {
        let fields = system_fields(&name, draft);
        let Some(object) = draft.objects.get_mut(&name) else { continue };
        for (field, .., ty) in fields {
            relabel(object, field, ty);
        }
    }
}

fn relabel(object: &mut DraftObject, field: &str, ty: FieldType) {
    let own: Option<&mut DraftField> = object.fields.get_mut(field);
    if let Some(Field { ty: place @ FieldType::Select(_), system: true, .. }) = own.map(|own| &mut own.field)
    {
        *place = ty;
    }
}

fn lifecycle_choices<'a>(object: &Name, all: impl Iterator<Item = &'a DraftLifecycle>) -> Choices {
    let choice = |lifecycle: &DraftLifecycle| Choice {
        value: lifecycle.name.shared(),
        label: lifecycle.title.clone(),
        labels: lifecycle.titles.clone(),
        renamed_from: lifecycle.renamed_from.as_ref().map(Name::to_string),
        also: Vec::new(),
    };
    let (name, title) = (format!("{object}.lifecycle"), "Lifecycle".to_owned());
    Choices { name, title, choices: all.map(choice).collect() }
}

/// The stages of all of them, each once, in their order.
fn stage_choices<'a>(object: &Name, all: impl Iterator<Item = &'a DraftLifecycle>) -> Choices {
    let mut choices: IndexMap<Arc<str>, Choice> = IndexMap::new();
    for (name, stage) in all.flat_map(|lifecycle| &lifecycle.stages) {
        let titles = stage.titles.values().chain([&stage.title]).cloned();
        let choice = choices.entry(Arc::clone(name)).or_insert_with(|| Choice {
            value: Arc::clone(name),
            label: stage.title.clone(),
            labels: stage.titles.clone(),
            renamed_from: stage.doc.renamed_from.clone(),
            also: Vec::new(),
        });
        choice.also.extend(titles);
    }
    let (name, title) = (format!("{object}.stage"), "Stage".to_owned());
    Choices { name, title, choices: choices.into_values().collect() }
}

/// One of these fields.
pub fn system_field((name, title, chinese, ty): (&str, &str, &str, FieldType)) -> (Name, DraftField) {
    (made(name), DraftField { field: crate::resolve::fields::kept(name, title, chinese, ty), origin: None })
}
