#!/bin/sh
# Builds git data and installs it; --uninstall takes it back. See --help.
set -eu

source_folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
programs='git-data git-data-transfer'
hooks='pre-push pre-commit post-checkout post-merge post-commit post-rewrite'

usage() {
    cat <<'USAGE'
usage: ./install.sh [--prefix DIR] [--demo] [--built DIR]
   or: ./install.sh [--prefix DIR] --uninstall
   or: ./install.sh --dependencies [COMMAND...]

Builds git data, installs it below a prefix, and registers it with Git. Run
again, it installs what has changed.

    --prefix DIR     install below DIR instead of ~/.local
    --demo           then show the main job in a scratch folder
    --built DIR      install the executables in DIR instead of building them
    --uninstall      remove what was installed, and its entries in Git's
                     configuration; data and repositories are not touched
    --dependencies   only install what the build needs, and the packages of
                     each COMMAND that is missing (PACKAGE:COMMAND where the
                     names differ)
    --help           show this text
USAGE
}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# --- what the build needs ---------------------------------------------------

# Prints the Debian packages of what is missing.
missing_packages() {
    has git || printf ' git ca-certificates'
    if ! has gcc || [ ! -e "$(gcc -print-file-name=libstdc++.so)" ]; then printf ' g++'; fi
    if ! has pkg-config; then
        printf ' pkg-config libssl-dev libcurl4-openssl-dev'
    else
        pkg-config --exists libcrypto || printf ' libssl-dev'
        pkg-config --exists libcurl || printf ' libcurl4-openssl-dev'
    fi
    for command in "$@"; do has "${command#*:}" || printf ' %s' "${command%%:*}"; done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_dependencies() {
    packages=$(missing_packages "$@")
    [ -n "$packages" ] || return 0
    has apt-get || fail "some of what git data needs is missing; Debian and Ubuntu call it:$packages" \
        'install what your system calls these, then run this again'
    if [ "$(id -u)" -ne 0 ] && ! { has sudo && sudo -n true 2>/dev/null; }; then
        fail "some of what git data needs is missing, and only root may install it:$packages" \
            "sudo apt-get install$packages"
    fi
    say "Installing$packages ..."
    # A list, one word for each package.
    # shellcheck disable=SC2086
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >&2
    } || fail "apt-get could not install:$packages"
    packages=$(missing_packages "$@")
    [ -z "$packages" ] || fail "still missing after the installation:$packages"
}

check_system() {
    [ "$(uname -s)" = Linux ] || fail "git data runs on Linux so far, not on $(uname -s)"
    has swift || fail 'Swift 6.1 or newer is needed to build git data; there is no swift on PATH' \
        'https://www.swift.org/install/linux/'
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] || fail "'swift --version' gave no version" 'https://www.swift.org/install/linux/'
    major=${version%.*}
    minor=${version#*.}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 1 ]; }; then
        fail "Swift 6.1 or newer is needed to build git data; this is $version" 'https://www.swift.org/install/linux/'
    fi
}

swift_build() {
    swift build --package-path "$source_folder" -c release --static-swift-stdlib "$@"
}

# Sets `built` to the folder of the executables.
build() {
    # Not every system has static libraries.
    for library in libcrypto.a libc.a libstdc++.a; do
        case $(gcc -print-file-name="$library") in
            /*) ;;
            *) export GIT_DATA_DYNAMIC=1 ;;
        esac
    done
    for program in $programs; do
        say "Building $program (the first time takes some minutes) ..."
        # The linker's remarks concern functions of the standard library and of libcrypto that nobody calls.
        { swift_build --product "$program" 2>&1 || : >"$stage/failed"; } |
            grep -v -e mktemp -e 'in statically linked applications' -e '^\[[0-9/]*\]' -e '^Building for' -e '^Build of product' -e '^$' >&2 || true
        [ ! -e "$stage/failed" ] || fail "'$program' could not be built; the compiler's messages are above"
    done
    built=$(swift_build --show-bin-path)
}

# --- files below the prefix -------------------------------------------------

# Everything that belongs below the prefix, in a folder of its own.
stage_files() {
    mkdir -p "$stage/bin" "$stage/share/git-data/hooks" "$stage/share/man/man1" \
        "$stage/share/bash-completion/completions" "$stage/share/zsh/site-functions" \
        "$stage/share/fish/vendor_conf.d"
    for program in $programs; do install -m 755 "$built/$program" "$stage/bin/$program"; done
    # Git starts its remote helper by this name; it is the agent's program.
    ln -s git-data-transfer "$stage/bin/git-remote-data"
    for hook in $hooks; do install -m 755 "$source_folder/Hooks/$hook" "$stage/share/git-data/hooks/$hook"; done
    "$stage/bin/git-data" manual --output "$stage/share/man/man1" >&2
    "$stage/bin/git-data" completion bash >"$stage/share/bash-completion/completions/git-data"
    "$stage/bin/git-data" completion zsh >"$stage/share/zsh/site-functions/_git-data"
    "$stage/bin/git-data" completion fish >"$stage/share/fish/vendor_conf.d/git-data.fish"
}

# Makes a folder below the prefix; those that were not there go into the manifest.
make_folder() {
    [ -d "$prefix/$1" ] && return
    case $1 in */*) make_folder "${1%/*}" ;; esac
    mkdir "$prefix/$1"
    printf '%s/\n' "$1" >>"$stage/new-manifest"
}

# Puts the staged files in their places, each whole or not at all. Sets `changed` to how many differ.
install_files() {
    changed=0
    manifest=$prefix/share/git-data/manifest
    mkdir -p "$prefix"
    : >"$stage/new-manifest"
    [ ! -f "$manifest" ] || grep '/$' "$manifest" >>"$stage/new-manifest" || true
    (cd "$stage" && find bin share -type f -o -type l | sort) >"$stage/files"
    make_folder share/git-data
    # A manifest of old and new stands there while files change: an interrupted run can be taken back.
    sort -u "$stage/files" "$stage/new-manifest" >"$stage/complete"
    if [ -f "$manifest" ]; then sort -u "$manifest" "$stage/complete" >"$stage/union"; else cp "$stage/complete" "$stage/union"; fi
    replace "$stage/union" share/git-data/manifest 644
    while IFS= read -r file; do
        make_folder "${file%/*}"
        if [ -L "$stage/$file" ]; then
            link "$(readlink "$stage/$file")" "$file"
            continue
        fi
        mode=644
        [ ! -x "$stage/$file" ] || mode=755
        if [ -x "$prefix/$file" ] || [ $mode = 644 ]; then
            ! cmp -s "$stage/$file" "$prefix/$file" || continue
        fi
        replace "$stage/$file" "$file" $mode
        changed=$((changed + 1))
    done <"$stage/files"
    sort -u "$stage/files" "$stage/new-manifest" >"$stage/complete"
    # What an earlier version had and this one has not.
    comm -23 "$manifest" "$stage/complete" | grep -v '/$' | while IFS= read -r file; do
        rm -f "$prefix/$file"
    done
    replace "$stage/complete" share/git-data/manifest 644
}

# Gives the file $1 the name $2 below the prefix, with the permissions $3, where it differs.
replace() {
    ! cmp -s "$1" "$prefix/$2" || [ "$3" = 755 ] || return 0
    install -m "$3" "$1" "$prefix/$2.new"
    mv -f "$prefix/$2.new" "$prefix/$2"
}

# Makes $2 below the prefix a symbolic link to $1, where it is not one.
link() {
    [ "$(readlink "$prefix/$2" 2>/dev/null || true)" != "$1" ] || return 0
    rm -f "$prefix/$2.new"
    ln -s "$1" "$prefix/$2.new"
    mv -f "$prefix/$2.new" "$prefix/$2"
    changed=$((changed + 1))
}

uninstall() {
    manifest=$prefix/share/git-data/manifest
    if [ ! -f "$manifest" ]; then
        say "Nothing of git data is installed below '$prefix'."
        return
    fi
    if [ -x "$prefix/bin/git-data" ]; then
        "$prefix/bin/git-data" uninstall || say "warning: its entries in Git's configuration may still be there" >&2
    fi
    list=$(cat "$manifest")
    printf '%s\n' "$list" | grep -v '/$' | while IFS= read -r file; do rm -f "$prefix/$file"; done
    rm -f "$manifest"
    # Folders that were made for it go, the deepest first, unless others use them by now.
    printf '%s\n' "$list" | grep '/$' | sort -r | while IFS= read -r folder; do
        rmdir "$prefix/$folder" 2>/dev/null || true
    done
    say "Removed git data from '$prefix'."
    say "Repositories keep their hooks, which step aside; only 'pre-push' stops a push, and says how to remove it."
}

# --- the user's shell -------------------------------------------------------

advise_on_path() {
    folder=$prefix/bin
    expected=$("$folder/git-data" version | head -n 1)
    if [ "$(command -v git-data 2>/dev/null || true)" = "$folder/git-data" ]; then
        found=$(git data version | head -n 1)
        [ "$found" = "$expected" ] || fail "'git data version' answers '$found' instead of '$expected'"
        say "$found is ready: git data help"
        return
    fi
    if has git-data; then
        say "warning: '$(command -v git-data)' comes first on PATH, not '$folder/git-data'" >&2
    fi
    say "Installed $expected. '$folder' is not on PATH in front yet; to put it there, paste:"
    case ${SHELL:-} in
        */fish) say "    fish_add_path $folder" ;;
        */zsh)
            say "    echo 'export PATH=\"$folder:\$PATH\"' >> ~/.zshrc && export PATH=\"$folder:\$PATH\""
            say "and for completion: echo 'fpath+=($prefix/share/zsh/site-functions)' >> ~/.zshrc"
            ;;
        */bash) say "    echo 'export PATH=\"$folder:\$PATH\"' >> ~/.bashrc && export PATH=\"$folder:\$PATH\"" ;;
        *) say "    echo 'export PATH=\"$folder:\$PATH\"' >> ~/.profile && export PATH=\"$folder:\$PATH\"" ;;
    esac
}

# --- the main job, shown ----------------------------------------------------

# Prints a command as one would type it, and runs it.
show() {
    printf '\n$'
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=+@-]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

demo() {
    PATH=$prefix/bin:$PATH
    export PATH
    scratch=$stage/demo
    mkdir "$scratch"
    cd "$scratch"
    say
    say "The main job, in a scratch folder:"
    show git init --quiet --bare churn.git
    show git init --quiet churn
    show cd churn
    show git remote add origin ../churn.git
    show git config user.name "A Demo"
    show git config user.email demo@example.com
    show git data init
    show git data track '*.csv'
    say
    say '$ seq 1 200000 > train.csv'
    seq 1 200000 >train.csv
    mkdir images
    say '$ head -c 20000000 /dev/urandom > images/scan.csv'
    head -c 20000000 /dev/urandom >images/scan.csv
    show git add .
    show git commit --quiet -m 'First data set'
    show git show HEAD:train.csv
    show git push --quiet -u origin HEAD
    show cd ..
    say
    say '$ GIT_DATA_LAZY=1 git clone --quiet churn.git colleague'
    GIT_DATA_LAZY=1 git clone --quiet churn.git colleague
    show cd colleague
    show cat train.csv
    show git data pull
    for file in train.csv images/scan.csv; do
        show cmp "$file" "../churn/$file"
    done
    show git status --short
    [ -z "$(git status --porcelain)" ] || fail "the clone is not clean after the pull"
    say
    say 'Every byte arrived.'
    cd "$source_folder"
}

# --- the job ----------------------------------------------------------------

prefix=${HOME:-}/.local
job=install
demo=no
built=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --built)
            [ $# -ge 2 ] || fail "$1 needs a folder"
            if [ "$1" = --prefix ]; then prefix=$2; else built=$2; fi
            shift
            ;;
        --prefix=*) prefix=${1#*=} ;;
        --built=*) built=${1#*=} ;;
        --demo) demo=yes ;;
        --uninstall) job=uninstall ;;
        --dependencies)
            shift
            install_dependencies "$@"
            exit
            ;;
        --help | -h)
            usage
            exit
            ;;
        *)
            printf "error: unknown option '%s'\n" "$1" >&2
            usage >&2
            exit 2
            ;;
    esac
    shift
done
case $prefix in
    /.local) fail 'HOME is not set' './install.sh --prefix DIR' ;;
    /*) ;;
    *) prefix=$(pwd)/$prefix ;;
esac
prefix=${prefix%/}

if [ "$job" = uninstall ]; then
    uninstall
    exit
fi
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$built" ]; then
    install_dependencies
    check_system
    build
fi
stage_files
install_files
if [ "$changed" -eq 0 ]; then
    say "Everything below '$prefix' is up to date."
else
    say "Installed $changed files below '$prefix'."
    ! has python3 || say "For Python scripts and notebooks: python3 -m pip install '$source_folder/Sources/Python'"
fi
"$prefix/bin/git-data" install
advise_on_path
[ "$demo" = no ] || demo
