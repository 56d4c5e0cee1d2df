//! The modules of a crate, read from its files, and what each names by path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// The number of a file in [`Sources::files`].
pub(crate) type FileId = usize;
type ModuleId = usize;

/// A file of a crate.
pub(crate) struct File {
    /// Below `src`, with slashes.
    pub(crate) path: String,
    pub(crate) lines: usize,
    /// Not written by hand.
    pub(crate) generated: bool,
    /// Only compiled into tests; none of its imports count.
    pub(crate) test: bool,
    /// Every identifier outside of tests, module names included.
    pub(crate) identifiers: BTreeSet<String>,
    /// The paths into other crates, outside of tests.
    pub(crate) foreign: BTreeSet<Vec<String>>,
    /// How many loops settle a write whose answer was lost.
    pub(crate) settling_loops: usize,
}

/// A crate's files and their imports.
pub(crate) struct Sources {
    pub(crate) files: Vec<File>,
    /// Which file names an item of which other file.
    pub(crate) imports: BTreeSet<(FileId, FileId)>,
}

#[derive(Default)]
struct Module {
    file: FileId,
    parent: Option<ModuleId>,
    children: BTreeMap<String, ModuleId>,
    /// What a `use` calls by a name, and the path to it.
    uses: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    items: BTreeSet<String>,
    /// What stands in the macros that are called between items: one of these may have made an item.
    made: BTreeSet<String>,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target {
    Module(ModuleId),
    Item(FileId),
}

impl Sources {
    /// Reads the crate with this root file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut reader = Reader { base: root.parent().expect("a directory").to_owned(), ..Reader::default() };
        let file = reader.add_file(root);
        let module = reader.add_module(file, None);
        reader.read_file(module, root, root.parent().expect("a directory"), false);
        let mut imports = BTreeSet::new();
        for (from, path) in &reader.named {
            let here = reader.modules[*from].file;
            match reader.resolve(*from, path, 0) {
                // A module is only a way to an item: what is taken from it counts.
                Some(Target::Item(there))
                    if there != here && !reader.is_beside(here) && !reader.is_beside(there) =>
                {
                    imports.insert((here, there));
                }
                Some(_) => {}
                None => {
                    let path = reader.expanded(*from, path);
                    reader.files[here].foreign.insert(path);
                }
            }
        }
        Self { files: reader.files, imports }
    }

    /// The top-level module that a file belongs to; none for the crate's root.
    pub(crate) fn room(&self, file: FileId) -> Option<&str> {
        let path = &self.files[file].path;
        let room = path.split_once('/').map_or(path.as_str(), |(room, _)| room);
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (!matches!(room, "lib" | "main")).then_some(room)
    }

    /// The files of the crate that are written by hand and not only for tests.
    pub(crate) fn by_hand(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !file.generated && !file.test)
    }
}

#[derive(Default)]
struct Reader {
    base: PathBuf,
    files: Vec<File>,
    modules: Vec<Module>,
    named: Vec<(ModuleId, Vec<String>)>,
}

impl Reader {
    /// Generated tables are made of types that are written by hand, and read by hand-written code.
    fn is_beside(&self, file: FileId) -> bool {
        self.files[file].generated
    }

    fn add_file(&mut self, path: &Path) -> FileId {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let below: Vec<_> = path
            .strip_prefix(&self.base)
            .expect("a file of the crate")
            .iter()
            .map(|part| part.to_string_lossy())
            .collect();
        let path = below.join("/");
        self.files.push(File {
            generated: path.starts_with("generated/"),
            path,
            lines: text.lines().count(),
            test: false,
            identifiers: BTreeSet::new(),
            foreign: BTreeSet::new(),
            settling_loops: 0,
        });
        self.files.len() - 1
    }

    fn add_module(&mut self, file: FileId, parent: Option<ModuleId>) -> ModuleId {
        self.modules.push(Module { file, parent, ..Module::default() });
        self.modules.len() - 1
    }

    /// Reads the file of a module, whose children's files are in this directory.
    fn read_file(&mut self, module: ModuleId, path: &Path, children: &Path, test: bool) {
        let text = std::fs::read_to_string(path).expect("a file that was read before");
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files[self.modules[module].file].test = test;
        self.read_items(module, &parsed.items, children, test);
    }

    fn read_items(&mut self, module: ModuleId, items: &[Item], children: &Path, test: bool) {
        for item in items {
            match item {
                Item::Mod(inner) => {
                    let test = test || is_test(&inner.attrs);
                    let name = inner.ident.to_string();
                    let own = children.join(&name);
                    if let Some(content) = &inner.content {
                        let child = self.add_module(self.modules[module].file, Some(module));
                        self.modules[module].children.insert(name, child);
                        if !test {
                            self.read_items(child, &content.1, &own, test);
                        }
                        continue;
                    }
                    let flat = children.join(format!("{name}.rs"));
                    let path = if flat.exists() { flat } else { own.join("mod.rs") };
                    let file = self.add_file(&path);
                    let child = self.add_module(file, Some(module));
                    self.modules[module].children.insert(name, child);
                    self.read_file(child, &path, &own, test);
                }
                _ if test || attributes(item).is_some_and(is_test) => {}
                item => self.read_item(module, item),
            }
        }
    }

    fn read_item(&mut self, module: ModuleId, item: &Item) {
        if let Item::Use(item) = item {
            self.read_use(module, &item.tree, &mut Vec::new());
        }
        if let Some(name) = name(item) {
            self.modules[module].items.insert(name);
        }
        let mut paths = Paths::default();
        paths.visit_item(item);
        if let Item::Macro(called) = item
            && called.ident.is_none()
        {
            self.modules[module].made.extend(paths.identifiers.iter().cloned());
        }
        let file = &mut self.files[self.modules[module].file];
        file.identifiers.append(&mut paths.identifiers);
        file.settling_loops += paths.settling_loops;
        self.named.extend(paths.found.into_iter().map(|path| (module, path)));
    }

    /// Notes what a `use` makes known in its module; [`Paths`] notes what it names.
    fn read_use(&mut self, module: ModuleId, tree: &UseTree, prefix: &mut Vec<String>) {
        for (known_as, path) in leaves(tree, prefix) {
            match known_as {
                Some(name) => drop(self.modules[module].uses.insert(name, path)),
                None => self.modules[module].globs.push(path),
            }
        }
    }

    /// Follows a path through modules and re-exports to the file that has the item; none if it leaves the crate.
    fn resolve(&self, from: ModuleId, path: &[String], depth: usize) -> Option<Target> {
        // `use a::a;` of a foreign crate would go on for ever.
        if depth > 32 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(from),
            "super" => Target::Module(self.modules[from].parent?),
            name => self.look_up(from, name, depth)?,
        };
        for name in rest {
            let Target::Module(module) = target else { break };
            target = match name.as_str() {
                "self" => target,
                "super" => Target::Module(self.modules[module].parent?),
                name => {
                    let re_exported = self.modules[module].uses.contains_key(name);
                    match self.look_up(module, name, depth) {
                        Some(found) => found,
                        None if re_exported => return None,
                        // A macro has made it, as far as one can see.
                        None => Target::Item(self.modules[module].file),
                    }
                }
            };
        }
        Some(target)
    }

    fn look_up(&self, module: ModuleId, name: &str, depth: usize) -> Option<Target> {
        let here = &self.modules[module];
        if let Some(child) = here.children.get(name) {
            return Some(Target::Module(*child));
        }
        if here.items.contains(name) {
            return Some(Target::Item(here.file));
        }
        if let Some(path) = here.uses.get(name) {
            // In `use name::…` the name is a crate's, whatever else it is the name of here.
            return if path[0] == name { None } else { self.resolve(module, path, depth + 1) };
        }
        let by_glob = here.globs.iter().find_map(|glob| match self.resolve(module, glob, depth + 1)? {
            Target::Module(other) if other != module => self.look_up(other, name, depth + 1),
            _ => None,
        });
        by_glob.or_else(|| here.made.contains(name).then_some(Target::Item(here.file)))
    }

    /// A path into another crate, from that crate's name on.
    fn expanded(&self, from: ModuleId, path: &[String]) -> Vec<String> {
        match self.modules[from].uses.get(&path[0]) {
            Some(used) => used.iter().chain(&path[1..]).cloned().collect(),
            None => path.to_vec(),
        }
    }
}

/// The names that a `use` tree makes known, and their paths; no name for a glob.
fn leaves(tree: &UseTree, prefix: &mut Vec<String>) -> Vec<(Option<String>, Vec<String>)> {
    let with = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            let found = leaves(&path.tree, prefix);
            prefix.pop();
            found
        }
        UseTree::Name(name) if name.ident == "self" => vec![(prefix.last().cloned(), prefix.clone())],
        UseTree::Name(name) => vec![(Some(name.ident.to_string()), with(&name.ident))],
        UseTree::Rename(rename) if rename.ident == "self" => {
            vec![(Some(rename.rename.to_string()), prefix.clone())]
        }
        UseTree::Rename(rename) => vec![(Some(rename.rename.to_string()), with(&rename.ident))],
        UseTree::Glob(_) => vec![(None, prefix.clone())],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| leaves(tree, prefix)).collect(),
    }
}

/// The paths that an item names.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    identifiers: BTreeSet<String>,
    settling_loops: usize,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).is_some_and(is_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.found.extend(leaves(&item.tree, &mut Vec::new()).into_iter().map(|(_, path)| path));
        visit::visit_item_use(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            // A name alone is an item's that a `use` has named.
            if names.len() > 1 {
                self.found.push(names);
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.identifiers.insert(ident.to_string());
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if !called.path.segments.last().is_some_and(|name| quotes(&name.ident)) {
            self.visit_tokens(called.tokens.clone());
        }
        visit::visit_macro(self, called);
    }

    fn visit_expr_loop(&mut self, looping: &'ast syn::ExprLoop) {
        let mut inner = Paths::default();
        inner.visit_block(&looping.body);
        self.settling_loops += usize::from(inner.identifiers.contains("may_have_been_applied"));
        visit::visit_expr_loop(self, looping);
    }
}

impl Paths {
    /// Finds `a::b::c` in what a macro is given, which is not parsed otherwise.
    fn visit_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let (mut path, mut colons) = (Vec::new(), 0);
        let mut end = |path: &mut Vec<String>| {
            if path.len() > 1 {
                self.found.push(std::mem::take(path));
            }
            path.clear();
        };
        let (mut groups, mut quoting) = (Vec::new(), false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    quoting = quotes(&ident);
                    self.identifiers.insert(ident.to_string());
                    if colons != 2 {
                        end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    end(&mut path);
                    colons = 0;
                    match other {
                        TokenTree::Group(_) if quoting => quoting = false,
                        TokenTree::Group(group) => groups.push(group.stream()),
                        other => {
                            quoting &= matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '!')
                        }
                    }
                }
            }
        }
        end(&mut path);
        for group in groups {
            self.visit_tokens(group);
        }
    }
}

/// Whether a macro of this name is given code of another crate.
fn quotes(called: &syn::Ident) -> bool {
    called == "quote" || called == "parse_quote"
}

/// Whether it is only compiled into tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let tokens = list.tokens.to_string();
        attribute.path().is_ident("cfg")
            && (tokens == "test" || tokens.starts_with("any (test ,") || tokens.starts_with("all (test ,"))
    })
}

fn attributes(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return None,
    })
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, files: &[(&str, &str)]) -> (Vec<String>, Sources) {
        let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&source);
        for (path, text) in files {
            let path = source.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let sources = Sources::read(&source.join("lib.rs"));
        let path = |file: FileId| sources.files[file].path.as_str();
        let imports =
            sources.imports.iter().map(|(from, to)| format!("{} {}", path(*from), path(*to))).collect();
        (imports, sources)
    }

    #[test]
    fn re_exports_are_followed_to_the_item() {
        let (imports, _) = read(
            "re_exports",
            &[
                ("lib.rs", "mod a; mod b; mod c; pub use a::Deep;"),
                ("a.rs", "mod inner; pub use inner::*; pub struct Here;"),
                ("a/inner.rs", "pub struct Deep; impl super::Here {}"),
                ("b.rs", "use crate::Deep;"),
                (
                    "c.rs",
                    "use crate::{a, b::Gone}; fn f() { a::inner::Deep::new(); println!(\"{}\", a::Here); }",
                ),
            ],
        );
        let expected = [
            "lib.rs a/inner.rs",
            "a/inner.rs a.rs",
            "b.rs a/inner.rs",
            "c.rs a.rs",
            "c.rs a/inner.rs",
            "c.rs b.rs",
        ];
        let mut expected = expected.map(str::to_owned).to_vec();
        let mut imports = imports;
        expected.sort();
        imports.sort();
        assert_eq!(imports, expected);
    }

    #[test]
    fn a_parent_that_uses_its_child_which_uses_it_is_a_circle() {
        let files = [
            ("lib.rs", "mod parent;"),
            ("parent.rs", "mod child; pub struct Mine; fn f() { child::work() }"),
            ("parent/child.rs", "use super::Mine; pub fn work() {}"),
        ];
        let (_, sources) = read("parents", &files);
        assert_eq!(crate::circles::circles(&sources), [["parent.rs", "parent/child.rs"]]);
    }

    #[test]
    fn tests_and_other_crates_are_no_imports() {
        let (imports, sources) = read(
            "tests_and_others",
            &[
                ("lib.rs", "mod a; #[cfg(test)] mod b;"),
                (
                    "a.rs",
                    "use run_api::types; fn f(_: types::Service) {} #[cfg(test)] mod tests { use crate::b::B; }
                     fn g() { quote!(use crate::b::B;); vec![parse_quote! { crate::b::B }, 1] }",
                ),
                ("b.rs", "use crate::a::f; pub struct B;"),
            ],
        );
        assert_eq!(imports, Vec::<String>::new());
        let foreign: Vec<String> = sources.files[1].foreign.iter().map(|path| path.join("::")).collect();
        assert_eq!(foreign, ["run_api::types", "run_api::types::Service"]);
        assert!(sources.files[2].test);
    }

    #[test]
    fn loops_that_settle() {
        let code = "fn f() { loop { if error.may_have_been_applied() {} } loop { g() } }";
        let (_, sources) = read("loops", &[("lib.rs", code)]);
        assert_eq!(sources.files[0].settling_loops, 1);
    }
}
