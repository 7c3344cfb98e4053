//! From files to typed documents: which package a file belongs to, what kind of document it holds, whether its shape is right.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

pub use super::kinds::Typed;
use super::kinds::{schema, typed};
use super::report::{At, Report};
use crate::canonical::Kind;
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::Shape;
use crate::hint::did_you_mean;
use crate::json::{Node, NodeKind};
use crate::source::{SourceFile, ending};

/// The name of the package whose documents come with the platform.
pub const PLATFORM: &str = "platform";

const PLATFORM_FILES: [(&str, &str); 2] = [
    ("platform/objects/team.json", include_str!("../../platform/objects/team.json")),
    ("platform/objects/user.json", include_str!("../../platform/objects/user.json")),
];

/// Folders whose documents come with later versions.
const LATER: [&str; 4] = ["pools", "sequences", "metrics", "views"];

/// Folders of a package that hold documents.
const FOLDERS: [&str; 7] =
    ["objects", "choices", "roles", "translations", "lifecycles", "automations", "tests"];

/// Most bytes of a script.
const LONGEST_SCRIPT: usize = 64 * 1024;

/// A document with its place.
#[derive(Debug)]
pub struct Loaded {
    /// The package's name.
    pub package: String,
    /// What it says, as written.
    pub json: Value,
    /// The sound part of it, untyped: to see which keys were written.
    pub sound: Value,
    /// The sound part of it.
    pub typed: Typed,
    /// Where it stands.
    pub at: At,
    /// The file's name without its ending.
    pub stem: String,
    /// Pointers (from the top of the document) of fields that were left out because they are faulty.
    pub hidden: HashSet<String>,
    /// Pointers of members of lists that were left out because they are faulty.
    pub dropped: HashSet<String>,
}

impl Loaded {
    /// The place of a member of a list: those before it that were left out are counted.
    pub fn item(&self, list: &str, index: usize) -> At {
        let mut place = index;
        let mut seen = 0;
        while seen <= place {
            place += usize::from(self.dropped.contains(&format!("{list}/{seen}")));
            seen += 1;
        }
        self.at.below(&format!("{list}/{place}"))
    }

    /// Whether a member of the list was left out.
    pub fn lacks(&self, list: &str) -> bool {
        let prefix = format!("{list}/");
        self.dropped.iter().any(|pointer| pointer.starts_with(&prefix))
    }
}

/// A script that was read.
#[derive(Debug)]
pub struct LoadedScript {
    /// The package, or `plugins`.
    pub package: String,
    /// The file's name without its ending.
    pub module: String,
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub at: At,
    /// The path of its file.
    pub path: String,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Documents {
    /// In the order of packages' names, kinds and files.
    pub all: Vec<Loaded>,
    /// Scripts of packages, and of the plugins among `all`.
    pub scripts: Vec<LoadedScript>,
    /// Names that faulty files may have defined.
    pub broken: HashSet<String>,
    /// Objects that a faulty file may have extended: any field of theirs may be missing.
    pub open: HashSet<String>,
    /// Far ends that faulty relations would have made.
    pub broken_inverses: HashSet<String>,
    /// Packages whose `package.json` is faulty.
    pub broken_packages: BTreeSet<String>,
}

/// Reads the files, those published before and the platform's own.
pub fn load(files: &[SourceFile], published: &[SourceFile], report: &mut Report) -> Documents {
    let mut documents = Documents::default();
    let own = group(files, report, true);
    let own_names: HashSet<String> = own.iter().map(|group| group.name.clone()).collect();
    let others = group(published, report, false).into_iter().filter(|group| !own_names.contains(&group.name));
    let platform: Vec<SourceFile> = PLATFORM_FILES
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    let platform = Group {
        name: PLATFORM.to_owned(),
        files: platform
            .iter()
            .map(|file| (file.path.trim_start_matches("platform/").to_owned(), file))
            .collect(),
        package: None,
    };
    read_group(&platform, report, &mut documents);
    let mut groups: Vec<Group<'_>> = own.into_iter().chain(others).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    for group in &groups {
        read_group(group, report, &mut documents);
    }
    super::plugins::read(files, published, &own_names, report, &mut documents);
    documents
}

/// The files of one package, by their paths inside of it.
struct Group<'a> {
    name: String,
    files: Vec<(String, &'a SourceFile)>,
    package: Option<&'a SourceFile>,
}

fn group<'a>(files: &'a [SourceFile], report: &mut Report, own: bool) -> Vec<Group<'a>> {
    let any = !files.is_empty();
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut groups = Vec::new();
    if let Some(package) = files.iter().find(|file| file.path == "package.json").copied() {
        // Beside a package may lie others that it depends on, each in a folder of its own.
        let manifests: BTreeSet<&str> =
            files.iter().filter_map(|file| file.path.strip_suffix("/package.json")).collect();
        let beside = |path: &str| path.split_once('/').is_some_and(|(folder, _)| manifests.contains(folder));
        let inside =
            files.iter().filter(|file| !beside(&file.path)).map(|file| (file.path.clone(), *file)).collect();
        groups.push(Group { name: name_of(package, "package"), files: inside, package: Some(package) });
        files.retain(|file| beside(&file.path));
    }
    let mut folders: BTreeMap<&str, Vec<(String, &SourceFile)>> = BTreeMap::new();
    for file in files {
        if let Some((folder, inside)) = file.path.split_once('/') {
            folders.entry(folder).or_default().push((inside.to_owned(), file));
        }
    }
    let kinds = FOLDERS;
    let bare: Vec<&SourceFile> = folders
        .iter()
        .filter(|(folder, _)| kinds.contains(folder))
        .filter_map(|(_, inside)| inside.first().map(|(_, file)| *file))
        .collect();
    if let (true, Some(first)) = (own, bare.first()) {
        missing_package(&first.path, "package.json", report);
        return groups;
    }
    for (folder, inside) in folders {
        let package = inside.iter().find(|(path, _)| path == "package.json").map(|(_, file)| *file);
        if let Some(package) = package {
            groups.push(Group { name: name_of(package, folder), files: inside, package: Some(package) });
        } else {
            let document = inside
                .iter()
                .find(|(path, _)| kinds.iter().any(|kind| path.starts_with(&format!("{kind}/"))));
            if let (true, Some((_, file))) = (own, document) {
                missing_package(&file.path, &format!("{folder}/package.json"), report);
            }
        }
    }
    if own && groups.is_empty() && any && !report.failed() {
        missing_package("package.json", "package.json", report);
    }
    groups
}

fn missing_package(in_file: &str, path: &str, report: &mut Report) {
    let mut finding = Finding::new(
        codes::MISSING_PACKAGE,
        "",
        format!("There is no `{path}`, so these documents belong to no package"),
    );
    finding.expected = Some(path.to_owned());
    finding.hint = Some("{\"name\": \"…\", \"version\": \"0.1.0\"} is enough".to_owned());
    let at = report.unread(in_file);
    report.error(&at, finding);
}

/// The name that a package gives itself, as far as it can be read; its folder's name otherwise.
fn name_of(package: &SourceFile, folder: &str) -> String {
    let (node, _) = crate::json::parse(&package.text);
    node.as_ref().and_then(|node| node.get("name")).and_then(Node::text).unwrap_or(folder).to_owned()
}

fn read_group(group: &Group<'_>, report: &mut Report, documents: &mut Documents) {
    for (path, file) in &group.files {
        let folder = path.split('/').next().unwrap_or_default();
        let is_package = group.package.is_some_and(|package| std::ptr::eq(package, *file));
        let json = ending(path) == "json";
        let kind = match folder {
            _ if is_package => Kind::Package,
            "objects" if json => Kind::Object,
            "choices" if json => Kind::Choices,
            "roles" if json => Kind::Role,
            "translations" if json => Kind::Translation,
            "lifecycles" if json => Kind::Lifecycle,
            "automations" if json => Kind::Automation,
            "tests" if json => Kind::Test,
            "scripts" if ending(path) == "rhai" => {
                read_script(&group.name, file, report, documents);
                continue;
            }
            // Those are shared by packages and read when it is known who uses them.
            "plugins" => continue,
            _ => {
                elsewhere(path, folder, file, report);
                continue;
            }
        };
        read_file(kind, &group.name, file, report, documents);
    }
}

/// A file that is no document of this version.
fn elsewhere(path: &str, folder: &str, file: &SourceFile, report: &mut Report) {
    if LATER.contains(&folder) && ending(path) == "json" {
        let at = report.unread(&file.path);
        report.fault(
            &at,
            codes::NOT_YET,
            format!("`{folder}` are not yet supported by this version; leave them out until they are"),
        );
    } else if ending(path) == "json" && SourceFile::wanted(&file.path) {
        let known = FOLDERS.into_iter().chain(["scripts", "plugins", "package.json"]);
        let mut finding = Finding::new(codes::UNKNOWN_FILE, "", "No document is expected here");
        finding.expected = Some(
            "package.json, objects/…, choices/…, roles/…, translations/…, lifecycles/…, automations/…, tests/…, \
             scripts/….rhai, plugins/…; data/, maps/ and docs/ are left alone"
                .to_owned(),
        );
        finding.found = Some(path.to_owned());
        finding.hint = did_you_mean(folder, known).map(|meant| format!("did you mean `{meant}`?"));
        let at = report.unread(&file.path);
        report.error(&at, finding);
    }
}

/// Reads a script; its text is compiled elsewhere.
pub fn read_script(package: &str, file: &SourceFile, report: &mut Report, documents: &mut Documents) {
    let number = report.open(file);
    let at = At { file: number, pointer: String::new() };
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let module = name.strip_suffix(".rhai").unwrap_or(name).to_owned();
    if crate::name::Name::new(&module).is_err() {
        let mut finding =
            Finding::new(codes::BAD_SCRIPT, "", format!("`{module}` is not the name of a module"));
        finding.expected = Some("[a-z][A-Za-z0-9]{0,59}".to_owned());
        finding.found = Some(module);
        return report.error(&at, finding);
    }
    if file.text.len() > LONGEST_SCRIPT {
        let mut finding = Finding::new(codes::BAD_SCRIPT, "", "The script is too long; part it into several");
        finding.expected = Some(format!("at most {LONGEST_SCRIPT} bytes"));
        finding.found = Some(file.text.len().to_string());
        report.error(&at, finding);
    }
    let (package, text, path) = (package.to_owned(), file.text.clone(), file.path.clone());
    documents.scripts.push(LoadedScript { package, module, text, at, path });
}

pub fn read_file(
    kind: Kind,
    package: &str,
    file: &SourceFile,
    report: &mut Report,
    documents: &mut Documents,
) {
    let number = report.open(file);
    let node = report.source(number).and_then(|source| source.node.clone());
    let Some(node) = node else {
        let stem = file.path.rsplit('/').next().and_then(|file| file.strip_suffix(".json"));
        documents.broken.extend(strings_under("name", &file.text).into_iter().chain(stem.map(str::to_owned)));
        documents.broken_inverses.extend(strings_under("x-inverse", &file.text));
        documents.open.extend(strings_under("extends", &file.text).iter().map(|name| bare(name).to_owned()));
        if kind == Kind::Package {
            documents.broken_packages.insert(package.to_owned());
        }
        return;
    };
    match &node.kind {
        NodeKind::Array(items) if kind != Kind::Package => {
            for (index, item) in items.iter().enumerate() {
                let at = At { file: number, pointer: format!("/{index}") };
                read_document(kind, package, item, at, report, documents);
            }
        }
        _ => read_document(
            kind,
            package,
            &node,
            At { file: number, pointer: String::new() },
            report,
            documents,
        ),
    }
}

/// The strings that stand under a key, anywhere in a text that is no JSON.
fn strings_under(key: &str, text: &str) -> Vec<String> {
    let key = format!("\"{key}\"");
    text.match_indices(&key)
        .filter_map(|(at, key)| {
            let rest =
                text.get(at + key.len()..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
            rest.split_once('"').map(|(name, _)| name.to_owned())
        })
        .collect()
}

/// `core/lead` as `lead`.
pub fn bare(named: &str) -> &str {
    named.rsplit('/').next().unwrap_or(named)
}

fn read_document(
    kind: Kind,
    package: &str,
    node: &Node,
    at: At,
    report: &mut Report,
    documents: &mut Documents,
) {
    let kind = match (kind, node.get("extends")) {
        (Kind::Object, Some(_)) => Kind::Extension,
        (Kind::Lifecycle, Some(_)) => Kind::LifecycleExtension,
        _ => kind,
    };
    let mut shape = Shape::default();
    let sound = shape.check(schema(kind), node, "");
    let base = At { file: at.file, pointer: at.pointer.clone() };
    let whole =
        report.source(at.file).and_then(|source| source.text.get(node.start..node.end)).unwrap_or_default();
    if sound.is_none() {
        documents.broken_inverses.extend(strings_under("x-inverse", whole));
    }
    for pointer in &shape.hidden {
        let inverse = node.pointed(pointer).and_then(|field| field.get("x-inverse")).and_then(Node::text);
        documents.broken_inverses.extend(inverse.map(str::to_owned));
    }
    for fault in std::mem::take(&mut shape.faults) {
        report.error(&base, fault);
    }
    let typed = sound.as_ref().and_then(|sound| match typed(kind, sound) {
        Ok(typed) => Some(typed),
        Err(error) => {
            report.fault(&at, codes::BAD_VALUE, format!("The document cannot be read: {error}"));
            None
        }
    });
    let path = report.source(at.file).map(|source| source.path.as_str()).unwrap_or_default();
    let stem =
        path.rsplit('/').next().and_then(|file| file.strip_suffix(".json")).unwrap_or_default().to_owned();
    if let (Some(typed), Some(sound)) = (typed, sound) {
        documents.all.push(Loaded {
            package: package.to_owned(),
            json: node.to_json(),
            sound,
            typed,
            at,
            stem,
            hidden: shape.hidden.into_iter().collect(),
            dropped: shape.dropped.into_iter().collect(),
        });
    } else {
        let name =
            node.get("name").and_then(Node::text).or(node.get("extends").is_none().then_some(stem.as_str()));
        documents.broken.extend(name.map(str::to_owned));
        documents.open.extend(node.get("extends").and_then(Node::text).map(|name| bare(name).to_owned()));
        if kind == Kind::Package {
            documents.broken_packages.insert(package.to_owned());
        }
    }
}
