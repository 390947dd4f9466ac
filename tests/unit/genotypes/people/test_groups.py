"""Which files are of the same people."""

from app.genotypes.people.groups import people_groups


def test_order_does_not_matter_and_a_few_controls_do_not_join() -> None:
    first, other = ["a", "b", "c", "control"], ["x", "y", "z", "control"]
    groups = people_groups(["/p/1", "/p/2", "/p/3", "/p/4"], [first, other, first[::-1], other[:2]])
    assert [(each.files, each.people) for each in groups] == [((0, 2), 4), ((1, 3), 4)]
    assert [each.name for each in groups] == ["1 and 1 more", "2 and 1 more"]


def test_a_file_without_samples_is_no_group() -> None:
    assert [each.files for each in people_groups(["/p/1", "/p/2"], [["a"], []])] == [(0, 1)]
    assert people_groups([], []) == []


def test_groups_are_called_by_their_folders() -> None:
    paths = ["/d/a/1.vcf", "/d/b/x/1.vcf", "/d/b/x/2.vcf"]
    groups = people_groups(paths, [["a"], ["b"], ["b"]])
    assert [each.name for each in groups] == ["a", "b/x"]
    inside = people_groups(["/d/1.vcf", "/d/b/1.vcf"], [["a"], ["b"]])
    assert [each.name for each in inside] == ["d", "b"]


def test_names_that_stand_twice_are_two_people() -> None:
    assert people_groups(["/p/1"], [["a", "a", "b"]])[0].people == 3
