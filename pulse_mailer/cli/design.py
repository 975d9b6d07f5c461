"""`pulse-mailer design`: the looks that a newsletter can have."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.errors import NotFound

app = typer.Typer(help="See the designs that a newsletter can have.", no_args_is_help=True)


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the designs, and which newsletters use each."""
    from pulse_mailer.composing import designs
    from pulse_mailer.editions import reading, shapes

    with output.mailer() as mailer, mailer.database.reading() as database:
        users = reading.newsletters(database)
        found = [shapes.design(designs.load(name), users) for name in designs.names()]
    if json:
        output.print_json(found)
        return
    for design in found:
        users_shown = f" (used by {', '.join(design['used_by'])})" if design["used_by"] else ""
        output.say(f"{design['name']}{users_shown}", "bold")
        output.say(f"    {design['about']}")
    output.say()
    output.say("Choose one: pulse-mailer newsletter set design NAME")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Its name, such as letter.")], *, json: output.Json = False
) -> None:
    """Show what a design is made of: its colours, sizes and files, and where each file lies."""
    from pulse_mailer.composing import designs, environment

    with output.mailer():
        if name not in designs.names():
            raise NotFound(
                f"There is no design {name!r}.", remedy="See those there are: pulse-mailer design list"
            )
        design = designs.load(name)
        environment.check(design.shelves)
    files = {
        path.name: str(path)
        for folder in reversed(design.shelves.folders)
        for path in sorted(folder.glob("*.j2"))
    }
    if json:
        output.print_json(
            {
                "name": design.name,
                "title": design.title,
                "about": design.about,
                "based_on": design.based_on,
                "has_pictures": design.has_pictures,
                "light": design.light,
                "dark": design.dark,
                "palette": design.palette,
                "fonts": design.fonts,
                "type": {step: [size.size, size.line] for step, size in design.type.items()},
                "files": files,
                "hash": designs.hash_of(design),
            }
        )
        return
    output.say(f"{design.title}: {design.about}")
    output.print_table(
        ["Colour", "Light", "Dark"], [[key, value, design.dark[key]] for key, value in design.light.items()]
    )
    output.say(f"Sections {', '.join(design.palette)}")
    sizes = ", ".join(f"{step} {size.size}/{size.line}" for step, size in design.type.items())
    output.say(f"Letters  {sizes} pixels; headings {design.fonts['headings']}, body {design.fonts['body']}")
    output.print_table(["File", "Lies in"], [[file, path] for file, path in sorted(files.items())])
    output.say(f"Choose it: pulse-mailer newsletter set design {design.name}")
